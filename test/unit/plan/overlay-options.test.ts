import t from 'tap';
import { overlayOptions } from '../../../src/plan/overlay-options.js';

t.test('paths in overlay options are escaped where the kernel would split them', async (t) => {
  t.equal(
    overlayOptions({ lower: ['/a:b', '/c,d'], upper: '/e\\f', work: '/w' }),
    'lowerdir=/a\\:b:/c\\,d,upperdir=/e\\\\f,workdir=/w',
  );
});
