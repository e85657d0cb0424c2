/** Scripts that boards run or users copy call nothing that OpenWrt's busybox lacks. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { checkout } from '../../../../scripts/lib/report.js';

/** What OpenWrt's busybox has by default (package/utils/busybox/Config-defaults.in). */
const OPENWRT = new Set(
  (
    'ash awk basename brctl bunzip2 bzcat cat chgrp chmod chown chroot clear cmp cp crond ' +
    'crontab cut date dd df dirname dmesg du echo egrep env expr false fgrep find flock free ' +
    'fsync grep gunzip gzip halt head hexdump hwclock id ifconfig ip kill killall less ln ' +
    'lock logger login ls md5sum mkdir mkfifo mknod mkswap mktemp mount mv nc netmsg netstat ' +
    'nice nslookup ntpd passwd pgrep pidof ping ping6 pivot_root poweroff printf ps pwd ' +
    'readlink reboot reset rm rmdir route sed seq sh sha256sum sleep sort start-stop-daemon ' +
    'strings swapoff swapon switch_root sync sysctl tail tar taskset tee test time top touch ' +
    'tr traceroute true udhcpc umount uname uniq uptime vi wc which xargs yes zcat'
  ).split(' '),
);
const BUILTINS = new RegExp(
  '^(?:[.:[]|alias|break|case|cd|command|continue|esac|eval|exec|exit|export|fi|for|if|in|local|' +
    'read|readonly|return|set|shift|then|else|elif|do|done|trap|type|umask|unset|until|wait|' +
    'while)$',
);
const OURS = /^(?:mount_?root|init|\/.*|\$.*)$/;

/** Programs that a script calls only after it has looked for them. */
const guarded = (text: string): string[] =>
  [...text.matchAll(/command -v (\w+)/g)].map(([, name]) => name!);

/** The words of a script that stand where a command does, roughly. */
function commands(text: string): string[] {
  const plain = text
    .replace(/^\s*#.*$|\s#\s.*$/gm, '')
    .replace(/\\\n/g, ' ')
    .replace(/\$\(\([^()]*\)\)/g, '0')
    .replace(/\bcase \S+ in\b/g, 'case_in')
    .replace(/"(?:[^"\\]|\\.)*"/g, 'Q')
    .replace(/^(\s*)[^\s()]*(?: \| [^\s()]+)*\)\s/gm, '$1')
    .replace(/case_in[^\n]*?\)/g, '');
  return plain
    .split(
      /\n|;;?|&&|\|\||\||\$\(|[(){}]|&(?![>\d])|\b(?:then|do|else|if|while|until|elif|exec|command -v)\b|!\s/,
    )
    .map((part) => part.trim().replace(/^(?:\w+=\S*\s+)+/, ''))
    .map((part) => part.replace(/^(?:\d?[<>]\S*\s*)+/, '').split(/\s+/)[0]!)
    .filter((word) => /^[a-z_][\w-]*$/.test(word));
}

const SCRIPTS = [
  ...['preinit', 'profile', 'init.d/rcS', 'init.d/shutdown'].map(
    (name) => `board/vexpress-a9/rootfs/etc/${name}`,
  ),
  'board/vexpress-a9/rootfs/etc/profile.d/mountroot.sh',
  'test/golden/first-start.sh',
];

for (const script of SCRIPTS)
  t.test(`${script} calls what OpenWrt has`, async (t) => {
    const text = readFileSync(join(checkout, script), 'utf8')
      .replace(/^\s*#.*$|\s#\s.*$/gm, '')
      .replace(/'\\''|\\['"]/g, '')
      .replace(/'[^']*'/g, (quoted) => (/\n/.test(quoted) ? quoted.slice(1, -1) : 'Q'));
    const own = [...text.matchAll(/^(\w+)\(\)/gm)].map(([, name]) => name!);
    const known = (word: string): boolean =>
      OPENWRT.has(word) ||
      BUILTINS.test(word) ||
      OURS.test(word) ||
      own.includes(word) ||
      guarded(text).includes(word) ||
      word === 'case_in' ||
      (word === 'od' && /\|\| hexdump /.test(text));
    t.same(
      [...new Set(commands(text))].filter((word) => !known(word)),
      [],
    );
  });

t.test('the examples of every verb do without what OpenWrt lacks', async (t) => {
  const folder = join(checkout, 'test/golden/help');
  for (const name of readdirSync(folder))
    t.notMatch(
      readFileSync(join(folder, name), 'utf8'),
      /\b(?:timeout -k|timeout \d|renice|setsid|nohup|realpath|truncate -s)/,
      name,
    );
});
