import t from 'tap';
import { Lister, memberLine, renderSummary } from '../../../src/ramdisk/list.js';
import { readRamdisk } from '../../../src/ramdisk/kernel-reader.js';
import { ByteSource } from '../../../src/ramdisk/source.js';
import { golden } from '../../fixtures/golden.js';
import { archive, directory, member, symlink } from './archives.js';

const TIME = 1_700_000_000;

t.test(
  'the listing of a ramdisk of several parts, with its faults, is the reviewed one',
  async (t) => {
    const first = archive(
      directory('dev', { mtime: TIME }),
      member('dev/console', { mode: 0o020600, nodeMajor: 5, nodeMinor: 1, mtime: TIME }),
      member('init', { mode: 0o104755, uid: 1000, gid: 1000, data: '#!/bin/sh\n', mtime: TIME }),
      symlink('sbin', 'usr/sbin', { mtime: TIME }),
    );
    const second = archive(
      member('n\x1b[31m\xe4', { mtime: TIME }),
      member('wide open', { mode: 0o041777, mtime: TIME }),
      member('odd', { mode: 0o060660, nodeMajor: 8, data: 'no file has data', mtime: TIME }),
    );
    const lines: string[] = [];
    const lister = new Lister((each) => lines.push(memberLine(each)));
    const whole = Buffer.concat([
      first,
      Buffer.alloc(512),
      second.subarray(0, -20),
      Buffer.from('junk'),
    ]);
    await readRamdisk(ByteSource.fromBuffer(whole), lister, {
      onPart: (part) => lister.part(part),
      onProblem: (problem) => lister.problem(problem),
    });
    const { parts, problems } = lister;
    const summary = renderSummary({
      uimage: { name: 'my board', size: whole.length },
      container: null,
      parts,
      image: null,
      problems,
      unchecked: false,
      leftOut: { parts: 1, problems: 2 },
    });
    const text = `${lines.join('\n')}\n\n${summary}`;
    golden(t, 'ramdisk/list.txt', text);
    t.match(text, /^[\x20-\x7e\n]+$/, 'no archive gives orders to the terminal');
    golden(
      t,
      'ramdisk/list-image.txt',
      renderSummary({
        uimage: null,
        container: null,
        parts: [],
        image: 'a gzip of ext2 of 4096 KiB',
        problems: [],
        unchecked: false,
        leftOut: { parts: 0, problems: 0 },
      }),
    );
  },
);
