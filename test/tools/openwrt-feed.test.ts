/**
 * The package for OpenWrt's build. Makefiles of ours stand for OpenWrt's, and this machine for the
 * target.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { bundle } from '../../scripts/agent/bundle.js';
import { buildNative, nodeHeaders } from '../../scripts/agent/native.js';
import { own } from '../../scripts/lib/npm.js';
import { checkout } from '../../scripts/lib/report.js';
import { makePackages } from '../../scripts/package/build-packages.js';
import { HOME } from '../../src/facts/installation.js';

const folder = join(checkout, 'build', 'test', `openwrt-${process.pid}`);
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(folder, { recursive: true });

const said = (program: string, words: string[], cwd = folder): string => {
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8', cwd });
  if (status !== 0) throw new Error(`${program} ${words.join(' ')}: ${stderr}`);
  return stdout;
};

const agent = await bundle('src/main.ts', join(folder, 'mountroot.cjs'));
const made = await makePackages({
  bundle: agent,
  natives: { arm: await buildNative('arm') },
  to: join(folder, 'made'),
  epoch: 1_790_000_000,
});
said('tar', ['-xzf', made.find((file) => file.endsWith('-openwrt.tar.gz'))!]);
const ARCH = said('uname', ['-m']).trim();
const make = (target: string): string =>
  said(
    'make',
    [
      target,
      `TOPDIR=${join(checkout, 'test/fixtures/openwrt-build')}`,
      `BUILD_DIR=${join(folder, 'build')}`,
      `ROOT=${join(folder, 'root')}`,
      `ARCH=${ARCH}`,
      `STAGING_DIR=${join(nodeHeaders(), '../../..')}`,
      'TARGET_CC=gcc',
      'TARGET_CXX=g++',
      'TARGET_CFLAGS=-O1 -Wall -Wextra -Werror',
      'TARGET_CXXFLAGS=-O0',
    ],
    join(folder, 'mountroot'),
  );

t.test('the recipe names the package and what it needs', async (t) => {
  const described = make('describe');
  t.match(described, /DEPENDS:=\+node \+libstdcpp \+libffi/);
  t.match(
    readFileSync(join(folder, 'mountroot/Makefile'), 'utf8'),
    `PKG_VERSION:=${own.version}\n`,
  );
  t.notMatch(readFileSync(join(folder, 'mountroot/src/native.mk'), 'utf8'), /@[A-Z_]+@/);
});

t.test('the recipe builds the native parts and installs what a board needs', async (t) => {
  make('all');
  const home = join(folder, 'root', HOME);
  t.strictSame(readdirSync(join(home, 'native', `linux-${process.arch}`)).sort(), [
    'ffi-napi.node',
    'libmountroot-tree.so',
    'libmountroot.so',
    'ref-napi.node',
  ]);
  for (const name of [
    'mountroot.cjs',
    'mountroot-boot.cjs',
    'mountroot-cli.cjs',
    'mountroot-layer.cjs',
    'keep-heap',
    'launch',
  ])
    t.ok(readdirSync(home).includes(name), name);
  for (const name of ['mount_root', 'factoryreset', 'jffs2reset', 'jffs2mark'])
    t.equal(readlinkSync(join(folder, 'root/usr/sbin', name)), 'mountroot');
  t.same(readdirSync(join(folder, 'root/etc/profile.d')), ['mountroot.sh']);
  t.equal(readlinkSync(join(folder, 'root/usr/sbin/mountroot')), `../..${HOME}/launch`);
});

t.test('the agent runs with the parts that the recipe built', async (t) => {
  const program = join(folder, 'root', HOME, 'mountroot.cjs');
  const upper = join(folder, 'upper');
  mkdirSync(join(upper, 'etc'), { recursive: true });
  const archive = join(folder, 'settings.tar');
  const { status, stderr } = spawnSync(
    process.execPath,
    [program, 'export', '--upper', upper, '--output', archive],
    { encoding: 'utf8' },
  );
  t.equal(status, 0, stderr);
  t.match(said('tar', ['-tf', archive]), /etc\//);
});
