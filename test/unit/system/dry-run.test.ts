import t from 'tap';
import { dryRun } from '../../../src/system/dry-run.js';

t.test("a dry run writes calls down in strace's notation and reads nothing", async (t) => {
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
    'fsync(fd)',
    'unlink("/f")',
    'remove_tree("/t")',
  ]);
  t.equal(system.kind('/'), 'missing', 'nothing exists for it');
  for (const read of [
    () => system.readText('/x'),
    () => system.readBytes('/x', 0, 1),
    () => system.list('/'),
    () => system.space('/'),
    () => system.readLink('/x'),
    () => system.details('/x'),
  ])
    t.throws(read, { message: 'a dry run reads nothing' });
});

t.test('the verbs of trees, flash and whole files are written down too', async (t) => {
  const system = dryRun();
  system.umount('/t', true);
  system.replace('/f', 'text\n', 0o644);
  system.replaceLink('1', '/l');
  system.syncfs('/t');
  system.rename('/a', '/b');
  system.renameLeavingWhiteout('/a', '/b');
  system.symlink('a "b"', '/l');
  system.link('/a', '/b');
  system.makeNode('/n', 'character', 0o600, '5:1');
  system.makeNode('/p', 'fifo', 0o644, '');
  system.copyFile('/a', '/b', 0o4755);
  system.setOwner('/a', 1, 2);
  system.setMode('/a', 0o644);
  system.setModified('/a', -1n);
  system.setAttribute('/a', 'user.x', Buffer.from('x\n'));
  t.equal(system.eraseBlock('/dev/mtd3', 262144, 131072), true);
  system.writeFlash('/dev/mtd3', 8, Uint8Array.of(0xde, 0xad));
  system.attachUbi(3);
  t.equal(system.eraseUbiBlock('/dev/ubi0_0', 4), true);
  t.same(system.calls, [
    'umount2("/t", MNT_DETACH)',
    'replace("/f", "text\\n")',
    'replace_link("1", "/l")',
    'syncfs("/t")',
    'rename("/a", "/b")',
    'renameat2(AT_FDCWD, "/a", AT_FDCWD, "/b", RENAME_WHITEOUT)',
    'symlink("a \\"b\\"", "/l")',
    'link("/a", "/b")',
    'mknod("/n", S_IFCHR|0600, makedev(5, 1))',
    'mknod("/p", S_IFIFO|0644)',
    'copy_file("/a", "/b", 04755)',
    'lchown("/a", 1, 2)',
    'chmod("/a", 0644)',
    'utimensat(AT_FDCWD, "/a", [UTIME_OMIT, -1 ns], AT_SYMLINK_NOFOLLOW)',
    'lsetxattr("/a", "user.x", 0x780a, 2, 0)',
    'ioctl("/dev/mtd3", MEMERASE64, {start=262144, length=131072})',
    'pwrite("/dev/mtd3", 0xdead, 2, 8)',
    'ioctl("/dev/ubi_ctrl", UBI_IOCATT, {mtd_num=3})',
    'ioctl("/dev/ubi0_0", UBI_IOCEBER, [4])',
  ]);
});

t.test('calls that change nothing leave no line, and do not wait', async (t) => {
  const system = dryRun();
  const begun = Date.now();
  system.sleep(60_000);
  system.during('something long');
  system.during(null);
  system.watchdog('/dev/watchdog');
  system.watchdog(null);
  t.equal(system.lock('/lock'), true);
  t.equal(system.attributes('/x').size, 0);
  t.same(system.calls, []);
  t.ok(Date.now() - begun < 60_000);
});

t.test('two dry runs are independent', async (t) => {
  const [one, other] = [dryRun(), dryRun()];
  one.chdir('/');
  t.same(other.calls, []);
});
