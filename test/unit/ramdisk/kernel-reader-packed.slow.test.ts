/** Random members, packed by us: the reader must list them unchanged. */
import fc from 'fast-check';
import t from 'tap';
import type { Listed } from '../../../src/ramdisk/list.js';
import { TYPES, type Member } from '../../../src/ramdisk/member.js';
import { packCpio } from '../../../src/ramdisk/pack.js';
import { membersInOrder } from '../../../src/ramdisk/source-tree.js';
import { read } from './kernel-reading.js';
import { collected, packed } from './streams.js';

const name = fc
  .stringMatching(/^[a-z.\-_ äÿ€\\]{1,12}$/)
  .filter((text) => text !== '.' && text !== '..');
const number = fc.oneof(fc.nat(), fc.constantFrom(0, 0xffff_fffe));
const shape = fc.record({
  path: fc.array(name, { minLength: 1, maxLength: 4 }),
  kind: fc.constantFrom<Member['kind']>(
    'directory',
    'file',
    'symlink',
    'character',
    'block',
    'fifo',
    'socket',
  ),
  mode: fc.nat(0o7777),
  uid: number,
  gid: number,
  mtime: number,
  target: fc.string({ minLength: 1, maxLength: 30, unit: 'grapheme-ascii' }),
  major: fc.nat(4095),
  minor: fc.nat(0xf_ffff),
});

/** Members as in a tree: each below a directory, and some of them hard links to earlier ones. */
function tree(
  shapes: (typeof shape extends fc.Arbitrary<infer S> ? S : never)[],
  links: number[],
): Member[] {
  const members = new Map<string, Member>();
  for (const { path, kind, target, major, minor, ...rest } of shapes) {
    const parent = path.slice(0, -1).reduce<string>((above, part) => {
      const at = above === '' ? part : `${above}/${part}`;
      if (members.has(at)) return members.get(at)!.kind === 'directory' ? at : above;
      members.set(at, { name: at, kind: 'directory', size: 0, ...rest });
      return at;
    }, '');
    const at = parent === '' ? path.at(-1)! : `${parent}/${path.at(-1)!}`;
    if (members.has(at)) continue;
    members.set(at, {
      name: at,
      kind,
      size: 0,
      ...rest,
      ...(kind === 'symlink' && { target }),
      ...((kind === 'character' || kind === 'block') && { major, minor }),
    });
  }
  const ordered = membersInOrder(members);
  for (const [index, to] of links.entries()) {
    const of = ordered[to % ordered.length];
    if (of !== undefined && of.kind !== 'directory' && of.same === undefined)
      ordered.push({ ...of, name: `zz link ${index}`, same: of.name });
  }
  return ordered;
}

t.test('the reader lists the members that were packed', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(shape, { maxLength: 12 }),
      fc.array(fc.nat(), { maxLength: 4 }),
      fc.constantFrom(null, 'gzip' as const, 'zstd' as const),
      fc.integer({ min: 1, max: 2000 }),
      async (shapes, links, method, chunk) => {
        const members = tree(shapes, links);
        const bytes = await collected(packCpio(members));
        const {
          complaint,
          problems,
          members: listed,
          trailers,
        } = await read(method === null ? bytes : await packed(method, bytes), { chunk });
        if (complaint !== null || problems.length > 0 || trailers !== 1)
          throw new Error(JSON.stringify({ complaint, problems, trailers }));
        const names = (first: string): number =>
          members.filter(({ name, same }) => name === first || same === first).length;
        const expected = members.map(
          ({ name, kind, uid, gid, mtime, target, major, minor, same }) => ({
            name,
            kind,
            uid,
            gid,
            mtime,
            links: kind === 'directory' ? 2 : names(same ?? name),
            size: 0,
            ...(target !== undefined && { target }),
            ...(major !== undefined && { node: `${major}:${minor}` }),
          }),
        );
        if (
          JSON.stringify(listed.map(withoutPermissions).map(sorted)) !==
          JSON.stringify(expected.map(sorted))
        )
          throw new Error(`${JSON.stringify(listed)} is not ${JSON.stringify(expected)}`);
        listed.forEach(({ permissions }, index) => {
          if (permissions !== asLs(TYPES[members[index]!.kind] | members[index]!.mode))
            throw new Error(permissions);
        });
      },
    ),
    { numRuns: 60, seed: 1 },
  );
  t.pass();
});

function withoutPermissions(listed: Listed): Omit<Listed, 'permissions'> {
  const rest: Partial<Listed> = { ...listed };
  delete rest.permissions;
  return rest as Omit<Listed, 'permissions'>;
}

const sorted = (one: object): [string, unknown][] =>
  Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1));

/** A mode as ls shows it, letter by letter. */
function asLs(mode: number): string {
  const letter = { 0o14: 's', 0o12: 'l', 0o10: '-', 6: 'b', 4: 'd', 2: 'c', 1: 'p' }[mode >> 12]!;
  const last = (runs: boolean, special: boolean, mark: string): string => {
    if (special) return runs ? mark : mark.toUpperCase();
    return runs ? 'x' : '-';
  };
  const triple = (bits: number, special: boolean, mark: string): string =>
    (bits & 4 ? 'r' : '-') + (bits & 2 ? 'w' : '-') + last((bits & 1) !== 0, special, mark);
  return (
    letter +
    triple(mode >> 6, (mode & 0o4000) !== 0, 's') +
    triple(mode >> 3, (mode & 0o2000) !== 0, 's') +
    triple(mode, (mode & 0o1000) !== 0, 't')
  );
}
