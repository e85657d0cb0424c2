import {
  copyFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Board } from '../lib/board.js';
import { cached } from '../lib/cache.js';
import { Failure, say } from '../lib/report.js';
import { run } from '../lib/run.js';

export interface DebianPackage {
  name: string;
  version: string;
  file: string;
  sha256: string;
}

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const TRIES = 4;

/** The Debian mirror in this machine's sources, so that a user with a mirror nearby keeps it. */
export async function mirror(): Promise<string> {
  const sites = await run('apt-get', [
    'indextargets',
    '--format',
    '$(SITE) $(ORIGIN)',
    'Created-By: Packages',
  ]).catch(() => '');
  const site = sites
    .split('\n')
    .map((line) => line.split(' '))
    .find(([url, origin]) => origin === 'Debian' && /^https?:.*\/debian\/?$/.test(url ?? ''))?.[0];
  return site ?? 'http://deb.debian.org/debian';
}

/**
 * Writes the configuration of a separate apt for another architecture and another suite. It shares
 * nothing with this machine's apt: neither its sources, nor its list of installed packages, nor its
 * dpkg. It checks signatures, but not the date of the suite's Release file, because a testing suite
 * on a slow mirror looks expired within a week.
 */
async function configure(
  folder: string,
  architecture: string,
  suite: string,
  site: string,
): Promise<string> {
  for (const path of [
    'state/lists/partial',
    'cache/archives/partial',
    'etc/preferences.d',
    'etc/apt.conf.d',
    'etc/sources.list.d',
    'etc/trusted.gpg.d',
    'log',
  ])
    mkdirSync(join(folder, path), { recursive: true });
  writeFileSync(join(folder, 'state/status'), '');
  writeFileSync(
    join(folder, 'etc/sources.list'),
    `deb [signed-by=${KEYRING}] ${site} ${suite} main\n`,
  );
  const configuration = join(folder, 'apt.conf');
  const settings: Record<string, string> = {
    Dir: `${folder}/`,
    'Dir::Etc': 'etc',
    'Dir::State': 'state',
    'Dir::State::status': join(folder, 'state/status'),
    'Dir::Cache': 'cache',
    'Dir::Log': 'log',
    'Dir::Bin::dpkg': '/usr/bin/dpkg',
    'APT::Architecture': architecture,
    'APT::Install-Recommends': 'false',
    'APT::Sandbox::User': '',
    'Acquire::Check-Valid-Until': 'false',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '3',
    'Binary::apt-get::Acquire::AllowInsecureRepositories': 'false',
  };
  // A user behind a proxy has configured it in apt, so we pass that on.
  const proxies = await run('apt-config', [
    'shell',
    'http',
    'Acquire::http::Proxy',
    'https',
    'Acquire::https::Proxy',
  ]);
  for (const [, protocol, proxy] of proxies.matchAll(/^(https?)='(.*)'$/gm))
    settings[`Acquire::${protocol}::Proxy`] = proxy!;
  const lines = Object.entries(settings).map(
    ([name, value]) => `${name} ${JSON.stringify(value)};`,
  );
  writeFileSync(
    configuration,
    `#clear APT::Architectures;\nAPT::Architectures { ${JSON.stringify(architecture)}; ` +
      `};\n${lines.join('\n')}\n`,
  );
  return configuration;
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** The identity of a package file: `name version`. */
async function identify(file: string): Promise<[name: string, version: string]> {
  const fields = await run('dpkg-deb', ['--show', '--showformat', '${Package}\t${Version}', file]);
  const [name = '', version = ''] = fields.split('\t');
  return [name, version];
}

/**
 * Fetches with the separate apt and returns the folder of the files. It retries, because a mirror
 * may be in the middle of its sync.
 * @param words the apt-get command to run after the update.
 */
async function fetched(
  work: string,
  architecture: string,
  suite: string,
  words: readonly string[],
): Promise<string> {
  if (!existsSync(KEYRING))
    throw new Failure(
      `${KEYRING} is missing, so Debian's packages cannot be trusted; \`sh scripts/setup.sh ` +
        `full\` installs it`,
    );
  const env = { APT_CONFIG: await configure(work, architecture, suite, await mirror()) };
  const archives = join(work, 'cache', 'archives');
  for (let attempt = 1; ; attempt++) {
    try {
      await run('apt-get', ['update', '-q', '--error-on=any'], { env, label: 'packages: lists' });
      await run('apt-get', ['-q', ...words], { env, cwd: archives, label: 'packages: files' });
      return archives;
    } catch (error) {
      if (attempt === TRIES) throw error;
      say(
        `packages: the mirror may be in mid-sync (try ${attempt} of ${TRIES}); again in ` +
          `${10 * attempt} s`,
      );
      await delay(10_000 * attempt);
    }
  }
}

/**
 * Returns the board's Debian packages and all their dependencies as files, with packages.json
 * beside them. They are fetched once: a testing suite changes daily, and an image must not change
 * while somebody works with it. To get current packages, remove the cache's packages-* folder.
 */
export async function fetchPackages(board: {
  rootfs: Pick<Board['rootfs'], 'suite' | 'architecture' | 'packages'>;
}): Promise<{ folder: string; packages: DebianPackage[] }> {
  const { suite, architecture, packages } = board.rootfs;
  const inputs = { suite, architecture, packages: [...packages].sort() };
  const folder = await cached('packages', inputs, async (made) => {
    const work = join(made, 'apt');
    say(`packages: ${packages.join(', ')} for ${architecture} from Debian ${suite}`);
    const archives = await fetched(work, architecture, suite, [
      'install',
      '--download-only',
      '--yes',
      ...packages,
    ]);
    const list: DebianPackage[] = [];
    for (const file of readdirSync(archives)
      .filter((each) => each.endsWith('.deb'))
      .sort()) {
      const [name, version] = await identify(join(archives, file));
      copyFileSync(join(archives, file), join(made, file));
      list.push({ name, version, file, sha256: await sha256(join(made, file)) });
    }
    rmSync(work, { recursive: true });
    writeFileSync(join(made, 'packages.json'), `${JSON.stringify(list, null, 2)}\n`);
  });
  return {
    folder,
    packages: JSON.parse(readFileSync(join(folder, 'packages.json'), 'utf8')) as DebianPackage[],
  };
}

/** The suite of this machine's Debian. */
const ownSuite = (): string =>
  /^VERSION_CODENAME=(\S+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'bookworm';

/**
 * Returns a folder with the files of a Debian package (`files`) and its version (a file `version`).
 * The package is unpacked in the cache and not installed. It is fetched once, as a board's packages
 * are.
 * @param suite the suite to fetch it from; without it, this machine's.
 * @param of dpkg's name of the architecture; without it, this machine's.
 */
export async function unpackedPackage(
  name: string,
  suite = ownSuite(),
  of?: string,
): Promise<string> {
  const architecture = of ?? (await run('dpkg', ['--print-architecture'])).trim();
  return cached('program', { name, architecture, suite }, async (made) => {
    say(`packages: ${name} of ${suite}, which stays uninstalled`);
    const archives = await fetched(join(made, 'apt'), architecture, suite, ['download', name]);
    const file = readdirSync(archives).find((each) => each.startsWith(`${name}_`));
    if (file === undefined) throw new Failure(`apt-get fetched no file of ${name}`);
    await run('dpkg-deb', ['--extract', join(archives, file), join(made, 'files')]);
    const [, version] = await identify(join(archives, file));
    writeFileSync(join(made, 'version'), version);
    rmSync(join(made, 'apt'), { recursive: true });
  });
}

/**
 * Returns the path of a program that tests need. Installing its package would start a service, so
 * it is only unpacked.
 */
export const uninstalledProgram = async (name: string, path: string): Promise<string> =>
  join(await unpackedPackage(name), 'files', path);
