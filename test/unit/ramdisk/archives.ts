/**
 * cpio archives byte by byte, as an attacker or a damaged disk gives them. They are independent of
 * our own encoder, so that the two check each other.
 */
const NUMBERS = [
  'inode',
  'mode',
  'uid',
  'gid',
  'links',
  'mtime',
  'size',
  'major',
  'minor',
  'nodeMajor',
  'nodeMinor',
  'nameSize',
  'sum',
] as const;

export interface Written extends Partial<Record<(typeof NUMBERS)[number], number>> {
  magic?: string;
  data?: Buffer | string;
}

const aligned = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
let count = 0;

/** A member; numbers that are not given are correct ones. */
export function member(
  name: Buffer | string,
  { magic = '070701', data = '', ...given }: Written = {},
): Buffer {
  const [text, body] = [Buffer.concat([Buffer.from(name), Buffer.alloc(1)]), Buffer.from(data)];
  const numbers: Written = {
    inode: ++count,
    mode: 0o100644,
    links: 1,
    size: body.length,
    nameSize: text.length,
    ...given,
  };
  const header = NUMBERS.map((field) => (numbers[field] ?? 0).toString(16).padStart(8, '0')).join(
    '',
  );
  return Buffer.concat([
    aligned(Buffer.concat([Buffer.from(magic + header), text])),
    aligned(body),
  ]);
}

export const directory = (name: string, given: Written = {}): Buffer =>
  member(name, { mode: 0o040755, links: 2, ...given });
export const symlink = (name: string, target: string, given: Written = {}): Buffer =>
  member(name, { mode: 0o120777, data: target, ...given });
export const end = (): Buffer => member('TRAILER!!!', { inode: 0, mode: 0 });
export const archive = (...members: Buffer[]): Buffer => Buffer.concat([...members, end()]);
