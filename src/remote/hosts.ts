/** The boards that are asked, as ssh is to be told of them. */

/** More than anybody has boards for one command. */
const MOST = 10_000;

/**
 * What may be the name of a host: an alias, a name, an address, with a user before it, or ssh's own
 * URI. A leading dash would be an option to ssh, and a configuration may hand a name on to a shell
 * (ProxyCommand with %h), so nothing is in it that means something there.
 */
const HOST =
  /^(?:ssh:\/\/)?(?:[A-Za-z0-9_.+\\][\w.+\\@=-]*@)?(?:[A-Za-z0-9_.:][\w.:%-]*|\[[0-9A-Fa-f:.]+(?:%[\w.-]+)?\](?::\d{1,5})?)$/;
const LONGEST = 255;

/** Why a name cannot be used; null where it can. */
export function hostTrouble(name: string): string | null {
  const shown = JSON.stringify(name.replace(/[^\x20-\x7e]/g, '?').slice(0, 60));
  if (name === '') return 'a host has no name';
  if (/^-|@-|\/\/-/.test(name))
    return `${shown} cannot be a host, because ssh would take what begins with a dash for an option`;
  if (name.length > LONGEST || !HOST.test(name))
    return `${shown} cannot be a host: give an alias of ssh's configuration, a name or an address, with USER@ before it where need be`;
  return null;
}

/**
 * A list of hosts, one a line; what follows a # is a remark. @throws {Error} that names the line.
 */
export function parseHosts(text: string, file: string): string[] {
  const hosts = text.split('\n').flatMap((line, index) => {
    const host = line.replace(/(^|\s)#.*$/s, '').trim();
    if (host === '') return [];
    const trouble = hostTrouble(host);
    if (trouble !== null) throw new Error(`line ${index + 1} of ${file}: ${trouble}`);
    return [host];
  });
  if (hosts.length === 0) throw new Error(`there is no host in ${file}; it takes one a line`);
  return hosts;
}

/** Each of them once, in their order. @throws {Error} for one that cannot be used. */
export function chosenHosts(named: readonly string[]): string[] {
  for (const host of named) {
    const trouble = hostTrouble(host);
    if (trouble !== null) throw new Error(trouble);
  }
  const hosts = [...new Set(named)];
  if (hosts.length > MOST)
    throw new Error(`${hosts.length} hosts are more than can be asked at once (${MOST})`);
  return hosts;
}
