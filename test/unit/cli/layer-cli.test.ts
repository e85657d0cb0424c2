import t from 'tap';
import { LAYER_VERBS, isLayerCall } from '../../../src/boot/layer-call.js';
import { LAYER_TABLE } from '../../../src/cli/layer-cli.js';

t.test('the file of the layers has the verbs that are sent to it', (t) => {
  t.same(LAYER_TABLE.map(({ name }) => name).sort(), LAYER_VERBS);
  t.end();
});

t.test('the help of these verbs is in the file of all verbs', (t) => {
  t.ok(isLayerCall(['export', '-o', 'file']));
  t.notOk(isLayerCall(['export', '--help']));
  t.notOk(isLayerCall(['diff', '/etc', '--version']));
  t.notOk(isLayerCall(['status']));
  t.notOk(isLayerCall([]));
  t.end();
});
