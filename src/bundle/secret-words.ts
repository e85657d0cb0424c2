/**
 * Words that stand before secrets. They are a second line of defence: what follows such a word is
 * withheld even if each of its words is on the list of the harmless ones. They are also known as
 * parts of names, so that a bundle may show that there is a `wifi.password`.
 */

/** Behind one of these the rest of a line is withheld. */
const ALWAYS = `
  password passwords passwd passphrase passphrases passcode passwort kennwort losungswort geheimnis
  geheim secret secrets psk psks credential credentials creds bearer authorization sshpass adminpwd
  rootpw pwd userpass mypass apikey privatekey presharedkey contrasena senha segredo parola haslo
  losenord wachtwoord motdepasse mdp jelszo heslo salasana adgangskode passord sifre sandi mima
  parool lozinka geslo kodeord kluczowy serialnumber ssid wpapsk snonce authtoken accesstoken
  hostname nodename sessionid sessid phpsessid jsessionid csrf xsrf hmac otp totp puk luks kwallet
  keepass netrc pgpass
`;

/** Behind one of these it is withheld if a colon, an equals sign or a quote follows. */
const BEFORE_VALUES = `
  key keys pass passkey passkeys pin token tokens auth pw login user username account owner cookie
  cookies session community clave code codigo llave schluessel schlussel cle cles chave chiave klucz
  nyckel sleutel salt signature sig sn serial imei iccid imsi meid guid host domain email mail phone
  wpa wep sae eap license licence cert certificate webhook jwt sas dsn otp subscription contact
`;

/** These only qualify such a word: `private_key`, `api.token`. */
const QUALIFIERS = `
  shared private public access api client app db mqtt snmp smb cifs ftp http https ppp pppoe vpn
  wifi wlan ssh admin bot hook url uri connection grant refresh oauth aws gcp azure signing
  encryption encrypted master storage product wireguard wg hash id my sip voip iot cloud vendor
  proxy ldap radius wps sim card telegram slack discord github gitlab google amazon microsoft stripe
  twilio firebase
`;

const wordsOf = (text: string): string[] => text.trim().split(/\s+/);

const HARD = new Set(wordsOf(ALWAYS));
const SOFT = new Set([...HARD, ...wordsOf(BEFORE_VALUES)]);
const ANY = new Set([...SOFT, ...wordsOf(QUALIFIERS)]);

/** The words of a name such as `wpa2-PSK` or `apiToken`. Digits at their ends do not count. */
const partsOfName = (name: string): string[] =>
  name
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter((part) => part !== '');

const plain = (part: string): string => part.replace(/\d+$/, '');
const isIn = (words: ReadonlySet<string>, name: string): boolean =>
  partsOfName(name).some((part) => words.has(part) || words.has(plain(part)));

/** Whether whatever follows this word is withheld. */
export const announcesSecret = (name: string): boolean => isIn(HARD, name);

/** Whether a value of this name is withheld. */
export const namesSecret = (name: string): boolean => isIn(SOFT, name);

/** A word of the lists above, perhaps with a number. It is no secret itself. */
export const isPartOfSecretName = (word: string): boolean =>
  ANY.has(plain(word.toLowerCase())) && /^(?:[A-Z]?[a-z]+|[A-Z]+)\d{0,2}$/.test(word);

/** Whether a name has no other words: `api-key`, and not `gpio-keys`, which is a driver. */
export const isOnlySecretName = (name: string): boolean =>
  partsOfName(name).every((part) => ANY.has(plain(part)));
