/** MD5 (RFC 1321) of a short text, which fstools names a squashfs by. It protects nothing. */
const SHIFTS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
const SINES = Array.from({ length: 64 }, (_, index) =>
  Math.floor(Math.abs(Math.sin(index + 1)) * 2 ** 32),
);

const rotated = (value: number, by: number): number => (value << by) | (value >>> (32 - by));

function mixed(round: number, [b, c, d]: readonly [number, number, number]): number {
  if (round === 0) return (b & c) | (~b & d);
  if (round === 1) return (d & b) | (~d & c);
  return round === 2 ? b ^ c ^ d : c ^ (b | ~d);
}

const WORD_OF = [
  (step: number) => step,
  (step: number) => 5 * step + 1,
  (step: number) => 3 * step + 5,
  (step: number) => 7 * step,
];

/** The four words of the sum, as a little-endian machine holds them. */
export function md5Words(bytes: Uint8Array): [number, number, number, number] {
  const blocks = Math.ceil((bytes.length + 9) / 64);
  const padded = Buffer.alloc(blocks * 64);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  padded.writeUInt32LE(bytes.length * 8, padded.length - 8);
  const sum: [number, number, number, number] = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
  for (let block = 0; block < blocks; block++) {
    let [a, b, c, d] = sum;
    for (let step = 0; step < 64; step++) {
      const round = step >> 4;
      const word = padded.readUInt32LE(block * 64 + 4 * (WORD_OF[round]!(step) % 16));
      const added = (a + mixed(round, [b, c, d]) + SINES[step]! + word) | 0;
      [a, d, c, b] = [d, c, b, (b + rotated(added, SHIFTS[4 * round + (step % 4)]!)) | 0];
    }
    [a, b, c, d].forEach((each, index) => (sum[index] = (sum[index]! + each) >>> 0));
  }
  return sum;
}
