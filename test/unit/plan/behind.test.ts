/** The data behind the image on a disk: what a start makes of what is there. */
import t from 'tap';
import type { Facts } from '../../../src/facts/facts.js';
import { BEHIND_IMAGE, behindTrouble } from '../../../src/plan/behind.js';
import { behindFacts, withFilesystems, withSettings } from '../../fixtures/facts.js';
import { walkTable } from '../../fixtures/walk-table.js';

const look = (facts: Facts) => ({ facts, rootdisk: facts.rootdisk! });
const holding = (kind: 'unknown' | 'unreadable' | 'erase-marker', free?: 'erased'): Facts =>
  behindFacts({ content: { kind, evidence: 'as seen' }, ...(free && { free }) });
const ordered = (facts: Facts): Facts => withSettings({ make: 'ext4' }, facts);
const equipped = (facts: Facts): Facts => ({
  ...facts,
  rootdisk: { ...facts.rootdisk!, makers: { ext4: '/sbin/mkfs.ext4' } },
});

t.test('what is behind the image, row by row', async (t) => {
  walkTable(t, BEHIND_IMAGE, {
    'no-driver': look(withFilesystems(['overlay'], behindFacts())),
    'file-system': look(behindFacts()),
    unreadable: look(holding('unreadable')),
    'in-use': look(ordered(equipped(holding('unknown')))),
    'not-ordered': look(equipped(holding('unknown', 'erased'))),
    'no-program': look(ordered(holding('unknown', 'erased'))),
    make: look(ordered(equipped(holding('unknown', 'erased')))),
  });
  t.equal(behindTrouble(equipped(holding('erase-marker'))), null, 'the marker is an order');
});
