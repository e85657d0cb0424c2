/** The npm packages of node_modules, and the project's own package.json. */
import { join } from 'node:path';
import { checkout, need, readJson } from './report.js';

/** The fields of a package.json that scripts read. */
export interface PackageJson {
  name: string;
  version: string;
  license?: string;
  author?: string | { name?: string };
  dependencies?: Record<string, string>;
}

export const packageJson = (folder: string): PackageJson => readJson(join(folder, 'package.json'));

/** The folder of an installed package. @throws {Failure} when it is missing. */
export const packageFolder = (name: string): string =>
  need(join(checkout, 'node_modules', name), 'sh scripts/setup.sh fast');

export const versionOf = (name: string): string => packageJson(packageFolder(name)).version;

/** Returns the project's own package.json. */
export const own = packageJson(checkout);
