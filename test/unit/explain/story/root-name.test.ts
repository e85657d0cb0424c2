import t from 'tap';
import { ROOT_NAME_RULES, rootName } from '../../../../src/explain/story/root-name.js';
import { walkRules } from '../../../fixtures/rule-walk.js';

const known = {
  commandLine: '',
  mtd: null,
  tags: null,
  devices: [
    { name: 'mtdblock2', number: '31:2', content: 'squashfs' as const, readonly: true },
    { name: 'mmcblk0p2', number: '179:2', content: 'ext4' as const, readonly: false },
  ],
};
const named = (root: string) => ({ ...known, root });

t.test('the meaning of root=, row by row', async (t) => {
  walkRules(t, ROOT_NAME_RULES, [
    ['mtd by its name', named('mtd:a'), { form: 'mtd', number: '0:0', exists: null }],
    ['a UBI volume', named('ubi0:a'), { form: 'ubi', exists: null }],
    ['NFS', named('/dev/nfs'), { form: 'nfs', number: '0:255' }],
    ['SMB', named('/dev/cifs'), { form: 'cifs', number: '0:254' }],
    ['the first ramdisk', named('/dev/ram'), { form: 'ram', number: '1:0', exists: false }],
    ['a partition by its id', named('PARTUUID=x'), { form: 'partuuid', number: null }],
    ['a device that is there', named('/dev/mmcblk0p2'), { form: 'device', number: '179:2' }],
    ['a number', named('1f02'), { form: 'number', number: '31:2', exists: true }],
  ]);
  t.match(rootName('/dev/sda1', known), { number: '0:0', exists: false });
  t.match(rootName('/dev/sda1', { ...known, devices: null }), { number: '8:1', exists: null });
  t.match(rootName('tmpfs', known), { form: 'other', number: '0:0' });
  t.match(rootName(null, known), { form: 'none', number: '0:0' });
  t.match(rootName(null, { ...known, tags: { root: '31:2', readonly: null } }), {
    form: 'number',
    exists: true,
  });
});
