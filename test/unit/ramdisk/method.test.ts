import t from 'tap';
import { parseKernelConfig } from '../../../src/facts/kernel-config.js';
import {
  METHODS,
  codecOf,
  kernelOption,
  methodOf,
  type Method,
} from '../../../src/ramdisk/method.js';

t.test('each method is recognised by its own first two bytes, and gzip by two pairs', async (t) => {
  // lib/decompress.c: compressed_formats.
  const magic: [string, Method][] = [
    ['1f8b', 'gzip'],
    ['1f9e', 'gzip'],
    ['425a', 'bzip2'],
    ['5d00', 'lzma'],
    ['fd37', 'xz'],
    ['894c', 'lzo'],
    ['0221', 'lz4'],
    ['28b5', 'zstd'],
  ];
  for (const [hex, method] of magic) {
    t.equal(methodOf(Buffer.from(hex, 'hex')), method, hex);
    t.equal(methodOf(Buffer.from(`${hex}00`, 'hex')), method, `${hex} and more`);
    t.equal(methodOf(Buffer.from(hex, 'hex').subarray(0, 1)), null, `half of ${hex}`);
  }
  t.same(new Set(magic.map(([, method]) => method)), new Set(METHODS));
});

t.test('the kernel options of all methods are read from a kernel configuration', async (t) => {
  const text = METHODS.map((method) => `CONFIG_${kernelOption(method)}=y\n`).join('');
  const config = parseKernelConfig(text);
  for (const method of METHODS) t.equal(config[kernelOption(method)], 'y', method);
});

t.test('each method has a codec', async (t) => {
  for (const method of METHODS)
    t.match(await codecOf(method), { compress: Function, decompress: Function }, method);
});
