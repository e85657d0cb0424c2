/** Random layers, which must come back from their archive unchanged. */
import * as fs from 'node:fs';
import fc from 'fast-check';
import { system } from '../../../../src/system/ffi.js';
import { CAPABILITY, at, exported, imported, listing, report } from './round-trip-layers.js';

interface Node {
  kind: 'directory' | 'file' | 'symlink' | 'fifo' | 'device' | 'whiteout' | 'link';
  name: string;
  mode: number;
  owner: number;
  time: bigint;
  content: Uint8Array;
  text: string;
  attributes: [string, Uint8Array][];
  opaque: boolean;
  children: Node[];
}

const name = fc
  .oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
    fc.stringMatching(/^[a-z.]{1,8}$/),
    fc.nat(250).map((length) => 'n'.repeat(length + 1)),
  )
  .map((text) => text.replaceAll('/', '_').replaceAll('\0', '_'))
  .filter(
    (text) =>
      text !== '.' &&
      text !== '..' &&
      !text.startsWith('.wh.') &&
      text !== '.mountroot' &&
      Buffer.byteLength(text) <= 255,
  );

const { node } = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.record({
    kind: fc.constantFrom(
      'directory',
      'directory',
      'file',
      'file',
      'symlink',
      'fifo',
      'device',
      'whiteout',
      'link',
    ),
    name,
    mode: fc.nat(0o7777),
    owner: fc.constantFrom(0, 1, 65534, 262143, 262144, 0xffff_fffe),
    time: fc.bigInt({ min: -(2n ** 33n) * 1_000_000_000n, max: 2n ** 32n * 1_000_000_000n }),
    content: fc.uint8Array({ maxLength: 1500 }),
    text: fc.oneof(fc.constant('../x'), fc.stringMatching(/^[ -~é]{1,200}$/)),
    attributes: fc.array(
      fc.tuple(
        fc.constantFrom('trusted.note', 'trusted.a=b%', 'security.capability', 'trusted.ü'),
        fc.uint8Array({ maxLength: 40 }),
      ),
      { maxLength: 2 },
    ),
    opaque: fc.boolean(),
    children: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constant([] as Node[]),
      fc.array(tie('node'), { maxLength: 4 }),
    ),
  }),
}));

/** Makes a file, a directory with its content, a symlink, a fifo or a block device. */
function create(path: string, kind: Node['kind'], node: Node, files: string[]): void {
  if (kind === 'directory') {
    system.mkdir(path, 0o700);
    build(path, node.children, files);
  } else if (kind === 'file') {
    fs.writeFileSync(path, node.content);
    files.push(path);
  } else if (kind === 'symlink') system.symlink(node.text, path);
  else if (kind === 'fifo') system.makeNode(path, 'fifo', 0o600, '');
  else system.makeNode(path, 'block', 0o600, '8:700');
}

function setAttributes(path: string, kind: Node['kind'], node: Node): void {
  for (const [key, value] of node.attributes) {
    if (key === 'security.capability') {
      if (kind === 'file') system.setAttribute(path, key, CAPABILITY);
    } else system.setAttribute(path, key, Buffer.from(value));
  }
  if (kind !== 'directory') return;
  if (node.opaque) system.setAttribute(path, 'trusted.overlay.opaque', Buffer.from('y'));
  system.setAttribute(path, 'trusted.overlay.origin', Buffer.from([0, 0xfb]));
}

/** Makes all nodes below a directory. Files are added to `files`, for hard links to them. */
function build(place: string, nodes: readonly Node[], files: string[]): void {
  const taken = new Set<string>();
  for (const each of nodes) {
    if (taken.has(each.name)) continue;
    taken.add(each.name);
    const path = `${place}/${each.name}`;
    if (Buffer.byteLength(path) > 3000) continue;
    const kind = each.kind === 'link' && files.length === 0 ? 'file' : each.kind;
    if (kind === 'whiteout') {
      system.makeNode(path, 'character', 0, '0:0');
      continue;
    }
    if (kind === 'link') {
      system.link(files[each.mode % files.length]!, path);
      continue;
    }
    create(path, kind, each, files);
    system.setOwner(path, each.owner, 7);
    if (kind !== 'symlink') system.setMode(path, each.mode);
    setAttributes(path, kind, each);
    system.setModified(path, each.time);
  }
}

const withoutOrigin = (lines: string[]): string =>
  lines.map((line) => line.replaceAll(/ ?trusted\.overlay\.origin=00fb/g, '').trimEnd()).join('\n');

/** export → import → the same tree, and the same archive again. */
export async function property(): Promise<string> {
  let count = 0;
  let entries = 0;
  const result = await fc.check(
    fc.asyncProperty(fc.array(node, { maxLength: 6 }), async (nodes) => {
      const [from, to] = [at('trees', `from${count}`), at('trees', `to${count++}`)];
      system.mkdir(from, 0o755);
      try {
        build(from, nodes, []);
        const told = report();
        const archive = await exported(from, told);
        entries += told.entries + told.whiteouts;
        if (told.problems.length > 0) throw new Error(JSON.stringify(told.problems));
        const warnings = await imported(archive, to);
        if (warnings.length > 0) throw new Error(warnings.join());
        const [was, is] = [withoutOrigin(listing(from)), withoutOrigin(listing(to))];
        if (was !== is) throw new Error(`${was}\n--- came back as\n${is}`);
        if (!(await exported(to)).equals(archive)) throw new Error('another archive');
      } finally {
        system.removeTree(from);
        system.removeTree(to);
      }
    }),
    { numRuns: 40 },
  );
  if (result.failed) {
    const error = result.errorInstance as Error | null;
    return `${error?.message} for ${fc.stringify(result.counterexample)}`;
  }
  return entries > 100 ? 'same' : `only ${entries} entries`;
}
