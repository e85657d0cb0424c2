import t from 'tap';
import { dryRun } from '../../../src/system/dry-run.js';

t.test('a dry run writes calls down in strace\'s notation and reads nothing', async (t) => {
  const system = dryRun();
  system.mount('a "b"', '/t', 'jffs2', ['MS_NOATIME', 'MS_RDONLY'], 'x=\n');
  system.mount(null, '/', null, [], null);
  system.umount('/t');
  system.pivotRoot('/mnt', '/mnt/rom');
  system.chdir('/');
  system.mkdir('/d', 0o755);
  system.rmdir('/d');
  system.create('/f', 'text\n', 0o600);
  system.unlink('/f');
  system.removeTree('/t');
  t.same(system.calls, [
    'mount("a \\"b\\"", "/t", "jffs2", MS_NOATIME|MS_RDONLY, "x=\\n")',
    'mount(NULL, "/", NULL, 0, NULL)',
    'umount2("/t", 0)',
    'pivot_root("/mnt", "/mnt/rom")',
    'chdir("/")',
    'mkdir("/d", 0755)',
    'rmdir("/d")',
    'open("/f", O_WRONLY|O_CREAT|O_EXCL|O_NOFOLLOW, 0600)',
    'write(fd, "text\\n")',
    'unlink("/f")',
    'remove_tree("/t")',
  ]);
  t.equal(system.kind('/'), 'missing', 'nothing exists for it');
  for (const read of [() => system.readText('/x'), () => system.readBytes('/x', 0, 1), () => system.list('/'), () => system.space('/')]) t.throws(read, { message: 'a dry run reads nothing' });
});

t.test('two dry runs know nothing of each other', async (t) => {
  const [one, other] = [dryRun(), dryRun()];
  one.chdir('/');
  t.same(other.calls, []);
});
