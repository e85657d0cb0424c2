/** Makes the folder of a package for OpenWrt's build, as an archive. */
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { HOME, NODE } from '../../src/facts/installation.js';
import { ADDON_FLAG } from '../agent/compile.js';
import { LAUNCH, launcherDefinitions } from '../agent/launcher.js';
import { SHIM, TREE, addonSources, sourceFile, type AddonSources } from '../agent/native.js';
import { own } from '../lib/npm.js';
import { checkout } from '../lib/report.js';

/**
 * MiB that Node, its libraries and the agent take in a squashfs of xz with blocks of 256 KiB: the
 * emulated board's tree, with Debian's Node 24 for armhf and ICU's data cut to English.
 */
const PACKED_MIB = 26;

const template = (name: string): string =>
  readFileSync(join(checkout, 'scripts/package/openwrt', name), 'utf8');

/** Fills in each `@NAME@`. @throws {TypeError} for a name without a value. */
function filledIn(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/@([A-Z_]+)@/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new TypeError(`there is no value for @${name}@`);
    return value;
  });
}

/** The constants of native/launch.c as a header, because quotes do not survive a makefile. */
const constants = (): string =>
  launcherDefinitions(HOME, NODE)
    .map((definition) => `${definition.replace(/^-D(\w+)=/, '#define $1 ')}\n`)
    .join('');

/**
 * Fills a folder with the package: the recipe, the sources of the native parts, and the agent.
 * @param staged a tree with the files of the package (package-tree.ts), from which come the agent
 *   and the names by which it is called.
 */
export function fillFeed(folder: string, staged: string): void {
  const src = join(folder, 'src');
  const put = (from: string, to: string): void => {
    mkdirSync(dirname(join(src, to)), { recursive: true });
    cpSync(from, join(src, to), { recursive: true });
  };
  const names = readdirSync(join(staged, 'usr/sbin')).filter(
    (name) => readlinkSync(join(staged, 'usr/sbin', name)) === 'mountroot',
  );
  const values = {
    VERSION: own.version,
    MIB: String(PACKED_MIB),
    HOME,
    ADDON_FLAG,
    NAMES: names.join(' '),
  };
  for (const name of [...SHIM, ...TREE, ...LAUNCH]) put(sourceFile(name), name);
  // The headers for one processor serve all: they are the addons' own.
  const [ref, ffi] = addonSources('arm') as [AddonSources, AddonSources];
  for (const [name, { sources }] of Object.entries({ 'ref-napi': ref, 'ffi-napi': ffi }))
    for (const source of sources) put(source, `${name}/${basename(source)}`);
  put(join(checkout, 'node_modules/ffi-napi/src/ffi.h'), 'ffi-napi/ffi.h');
  for (const path of ref.headers)
    for (const header of readdirSync(path).filter((name) => name.endsWith('.h')))
      put(join(path, header), `include/${header}`);
  const home = join(staged, HOME);
  for (const name of readdirSync(home).filter((each) => each !== 'native' && each !== 'launch'))
    put(join(home, name), `agent/${name}`);
  put(join(staged, 'etc'), 'etc');
  // The addon takes one name from this header of the libffi that npm builds it with.
  writeFileSync(join(src, 'include/fficonfig.h'), '#define PACKAGE_VERSION "system"\n');
  writeFileSync(join(src, 'launch-constants.h'), constants());
  writeFileSync(join(src, 'native.mk'), filledIn(template('native.mk'), values));
  writeFileSync(join(folder, 'Makefile'), filledIn(template('Makefile'), values));
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) chmodSync(path, statSync(path).mode & 0o100 ? 0o755 : 0o644);
  }
}
