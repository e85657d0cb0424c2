/** Archives for the tests, made here byte by byte, so that they can have any fault. */
import { encodeRecords } from '../../../../src/layer/archive/pax.js';

export interface Member {
  name: string | Buffer;
  type?: string;
  mode?: number;
  uid?: number;
  link?: string;
  content?: string | Buffer;
  /** The header's values, where they are false. */
  size?: number;
  node?: [number, number];
  /** Records of a pax header before it. */
  pax?: [string, string | Buffer][];
  mtime?: number;
  /** Changes the header once its checksum is right. */
  spoil?: (block: Buffer) => void;
}

const octal = (value: number, digits: number): string =>
  `${value.toString(8).padStart(digits, '0')}\0`;

export function block({
  name,
  type = '0',
  mode = 0o644,
  uid = 0,
  link = '',
  content = '',
  size = Buffer.byteLength(content),
  node = [0, 0],
  mtime = 1_700_000_000,
  spoil,
}: Member): Buffer {
  const bytes = Buffer.alloc(512);
  Buffer.from(name).copy(bytes, 0, 0, 100);
  bytes.write(
    octal(mode, 7) +
      octal(uid, 7) +
      octal(0, 7) +
      octal(size, 11) +
      octal(mtime, 11) +
      '        ' +
      type,
    100,
    'latin1',
  );
  bytes.write(link, 157, 100);
  bytes.write('ustar\x0000', 257, 'latin1');
  bytes.write(octal(node[0], 7) + octal(node[1], 7), 329, 'latin1');
  bytes.write(
    `${octal(
      bytes.reduce((sum, byte) => sum + byte, 0),
      6,
    )} `,
    148,
    'latin1',
  );
  spoil?.(bytes);
  return bytes;
}

/** Changes a header, and corrects its checksum. */
export function rewrite(bytes: Buffer, change: () => void): void {
  change();
  bytes.fill(0x20, 148, 156);
  bytes.write(
    `${bytes
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
    'latin1',
  );
}

const filled = (bytes: Buffer): Buffer =>
  Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);

/** One entry, with the headers before it. */
export function entry(member: Member): Buffer {
  const records = member.pax === undefined ? Buffer.alloc(0) : encodeRecords(member.pax);
  const before =
    member.pax === undefined
      ? []
      : [block({ name: 'PaxHeader', type: 'x', size: records.length }), filled(records)];
  return Buffer.concat([...before, block(member), filled(Buffer.from(member.content ?? ''))]);
}

export const END = Buffer.alloc(1024);
export const tar = (...members: Member[]): Buffer => Buffer.concat([...members.map(entry), END]);

export const directory = (name: string, more: Partial<Member> = {}): Member => ({
  name,
  type: '5',
  mode: 0o755,
  ...more,
});
export const symlink = (name: string, link: string): Member => ({
  name,
  type: '2',
  mode: 0o777,
  link,
});
