/** Malicious archives, each with the sentence that refuses it. */
import { gzipSync } from 'node:zlib';
import { END, block, directory, entry, rewrite, symlink, tar, type Member } from './tars.js';

export const HOSTILE: [string, Member[] | Buffer, RegExp][] = [
  [
    'a name with ..',
    [directory('etc/'), { name: 'etc/../../canary/x' }],
    /has a name with \.\. in it/,
  ],
  ['.. as a name', [directory('..')], /has a name with \.\. in it/],
  ['an absolute name', [{ name: '/etc/passwd' }], /has a name that is absolute/],
  [
    'an absolute name in a pax header',
    [{ name: 'harmless', pax: [['path', '/etc/passwd']] }],
    /has a name that is absolute/,
  ],
  [
    'a name with a NUL in a pax header',
    [{ name: 'harmless', pax: [['path', 'a\0b']] }],
    /with a NUL/,
  ],
  ['an empty name', [{ name: '' }], /a name that is empty/],
  ['a file as the root', [{ name: './' }, { name: '.' }], /has a file as its root/],
  [
    'a path through a symlink of the archive',
    [symlink('way', '/tmp'), { name: 'way/x' }],
    /below way, which is a symlink/,
  ],
  [
    'a directory that becomes a symlink',
    [directory('etc'), symlink('etc', '../canary'), { name: 'etc/passwd' }],
    /etc is in it twice, as directory and as symlink/,
  ],
  [
    'a symlink that becomes a directory',
    [symlink('etc', '../canary'), directory('etc'), { name: 'etc/passwd' }],
    /twice, as symlink and as directory/,
  ],
  ['a path through a file', [{ name: 'a' }, { name: 'a/b' }], /below a, which is a file/],
  [
    'a path through a hard link to a symlink',
    [symlink('a', '/tmp'), { name: 'b', type: '1', link: 'a' }, { name: 'b/x' }],
    /below b, which is a link/,
  ],
  ['an entry without its directory', [{ name: 'etc/passwd' }], /directory is not in it before/],
  [
    'a hard link outside',
    [{ name: 'a', type: '1', link: '../canary/etc/passwd' }],
    /hard link with \.\./,
  ],
  [
    'a hard link to an absolute name',
    [{ name: 'a', type: '1', link: '/etc/passwd' }],
    /hard link that is absolute/,
  ],
  [
    'a hard link to what comes later',
    [{ name: 'a', type: '1', link: 'b' }, { name: 'b' }],
    /hard link to b, which is no file/,
  ],
  [
    'a hard link to itself',
    [{ name: 'a', type: '1', link: 'a' }],
    /hard link to a, which is no file/,
  ],
  [
    'a hard link to a directory',
    [directory('d'), { name: 'a', type: '1', link: 'd' }],
    /which is no file/,
  ],
  [
    'a hard link to a whiteout',
    [{ name: '.wh.a' }, { name: 'b', type: '1', link: 'a' }],
    /which is no file/,
  ],
  [
    'a hard link with content',
    [{ name: 'a' }, { name: 'b', type: '1', link: 'a', content: 'x' }],
    /has a link with content/,
  ],
  [
    'a directory with content',
    [{ name: 'd', type: '5', content: 'x' }],
    /has a directory with content/,
  ],
  ['a symlink that says nothing', [symlink('a', '')], /symlink that says nothing/],
  [
    'a file twice',
    [
      { name: 'a', content: '1' },
      { name: 'a', content: '2' },
    ],
    /a is in it twice/,
  ],
  ['a file twice under names that are one', [{ name: 'a' }, { name: './/a' }], /a is in it twice/],
  [
    'a directory twice with other owners',
    [directory('d'), directory('d', { uid: 7 })],
    /d is in it twice/,
  ],
  [
    'a file and its whiteout',
    [{ name: 'a' }, { name: '.wh.a' }],
    /a is in it twice, as file and as whiteout/,
  ],
  ['a whiteout of ..', [{ name: '.wh...' }], /whiteout of a name that there cannot be/],
  ['a whiteout of .', [{ name: '.wh..' }], /whiteout of a name that there cannot be/],
  ['a whiteout of nothing', [{ name: '.wh.' }], /whiteout of a name that there cannot be/],
  ['a mark of AUFS', [{ name: '.wh..wh.plnk' }], /whiteout of a name that there cannot be/],
  ['a whiteout with content', [{ name: '.wh.a', content: 'x' }], /whiteout that is not empty/],
  ['a whiteout that is a symlink', [symlink('.wh.a', 'b')], /whiteout that is a symlink/],
  [
    'an entry below a whiteout',
    [{ name: '.wh.a' }, { name: 'a/b' }],
    /below a, which is a whiteout/,
  ],
  ['an opaque root', [{ name: '.wh..wh..opq' }], /hides the whole image/],
  [
    'an opaque root as an attribute',
    [directory('./', { pax: [['SCHILY.xattr.trusted.overlay.opaque', 'y']] })],
    /hides the whole image/,
  ],
  [
    'a redirected directory',
    [directory('d', { pax: [['SCHILY.xattr.trusted.overlay.redirect', '/etc']] })],
    /refers to another layer/,
  ],
  [
    'a metacopy',
    [{ name: 'f', pax: [['SCHILY.xattr.trusted.overlay.metacopy', '']] }],
    /refers to another layer/,
  ],
  [
    'an attribute of no name space',
    [{ name: 'f', pax: [['SCHILY.xattr.bad', '']] }],
    /has an attribute bad/,
  ],
  [
    'a name longer than there is',
    [{ name: 'a', pax: [['path', 'n'.repeat(256)]] }],
    /longer than there can be/,
  ],
  [
    'a path longer than there is',
    [{ name: 'a', pax: [['path', 'n/'.repeat(2100)]] }],
    /longer than there can be/,
  ],
  ['a name that is no UTF-8', [{ name: Buffer.from([0x61, 0xff]) }], /no UTF-8, a\\377/],
  ['a name that is an order to the terminal', [{ name: '/\x1b[2J' }], /\(at \/\\033\[2J\)$/],
  [
    'a file larger than may be',
    [{ name: 'a', size: 2 ** 30 }],
    /needs more than the 1048576 bytes/,
  ],
  [
    'a size in pax that is larger',
    [{ name: 'a', pax: [['size', '9007199254740991']] }],
    /needs more than/,
  ],
  ['a size that is no number', [{ name: 'a', pax: [['size', '-5']] }], /size is no number/],
  [
    'a negative size',
    [{ name: 'a', spoil: (b) => sized(b, 0xff) }],
    /size -1, which is out of range/,
  ],
  ['a size beyond all', [{ name: 'a', spoil: (b) => sized(b, 0x80, 0x7f) }], /out of range/],
  [
    'many files that together are too large',
    Array.from({ length: 5 }, (_, at) => ({ name: `f${at}`, content: Buffer.alloc(300_000) })),
    /needs more than/,
  ],
  ['a sparse file of GNU tar', [{ name: 'a', type: 'S' }], /without --sparse/],
  ['a sparse file in pax', [{ name: 'a', pax: [['GNU.sparse.major', '1']] }], /without --sparse/],
  ['an unknown type', [{ name: 'a', type: 'Z' }], /type "Z", which is not known/],
  [
    'a pax header for all',
    [{ name: 'g', type: 'g', content: '12 path=etc\n' }],
    /pax header for all entries/,
  ],
  [
    'a pax header without an entry',
    Buffer.concat([entry({ name: 'x', type: 'x', content: '10 path=a\n' }), END]),
    /belongs to no entry/,
  ],
  [
    'a header before an entry that is huge',
    [{ name: 'x', type: 'x', size: 2 ** 24 }],
    /more than any name/,
  ],
  ['a wrong checksum', [{ name: 'a', spoil: (b) => void (b[0] = 0x62) }], /checksum is wrong/],
  [
    'a header that is not of a tar',
    [{ name: 'a' }, { name: 'b', spoil: (b) => rewrite(b, () => b.fill(0x20, 257, 265)) }],
    /neither POSIX nor GNU/,
  ],
  ['an archive without its end', Buffer.concat([entry({ name: 'a' })]), /is cut off/],
  [
    'an archive with half of its end',
    Buffer.concat([entry({ name: 'a' }), Buffer.alloc(512)]),
    /is cut off/,
  ],
  [
    'something behind the end',
    Buffer.concat([tar({ name: 'a' }), Buffer.from('more')]),
    /something behind its end/,
  ],
  [
    'an archive behind the end',
    Buffer.concat([tar({ name: 'a' }), tar({ name: 'b' })]),
    /something behind its end/,
  ],
  [
    'an end without end',
    Buffer.concat([tar({ name: 'a' }), Buffer.alloc(3 << 20)]),
    /something behind its end/,
  ],
  [
    'a file that is cut off',
    tar({ name: 'a', content: 'x'.repeat(2000) }).subarray(0, 1500),
    /cut off in the middle of a file/,
  ],
  ['nothing', Buffer.alloc(0), /is empty/],
  ['no archive', Buffer.from('root:x:0:0'), /is no tar/],
  [
    'a bomb',
    gzipSync(Buffer.concat([block({ name: 'a', size: 64 << 20 }), Buffer.alloc(64 << 20)])),
    /needs more than/,
  ],
  [
    'a bomb behind the end',
    gzipSync(Buffer.concat([tar({ name: 'a' }), Buffer.alloc(64 << 20)])),
    /something behind its end/,
  ],
  [
    'a compressed archive that is cut off',
    gzipSync(tar({ name: 'a', content: 'x' })).subarray(0, -9),
    /cannot be decompressed \(gzip\)/,
  ],
  [
    'a compressed archive with a wrong checksum',
    flipped(gzipSync(tar({ name: 'a', content: 'x' })), -6),
    /another checksum/,
  ],
  [
    'something behind a compressed archive',
    Buffer.concat([gzipSync(tar({ name: 'a' })), Buffer.from('more')]),
    /something behind its end/,
  ],
];

const sized = (bytes: Buffer, first: number, rest = first): void =>
  rewrite(bytes, () => bytes.fill(rest, 125, 136).fill(first, 124, 125));

function flipped(bytes: Buffer, at: number): Buffer {
  bytes[bytes.length + at]! ^= 1;
  return bytes;
}
