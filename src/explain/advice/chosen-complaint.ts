import {
  COMPLAINT_WEIGHTS,
  type Complaint,
  type ComplaintWeight,
} from '../messages/complaint-data.js';
import type { KernelMessage, KernelMessages } from '../messages/message-row.js';
import { concernsRoot, type RootSubject } from './root-subject.js';

/** A complaint that explains a failed boot, and the words that it was read from. */
export type ChosenComplaint = KernelMessage<Complaint>;

/** The complaints that may have their reason in something else than the root. */
const WEAK: readonly ComplaintWeight[] = ['other-content', 'hint'];

/** More lines than this between the words of a program and the end: they explain nothing. */
const NEAR = 40;

/** Whether a program's words belong to the end of the boot. */
function isNearEnd(
  { value, at }: ChosenComplaint,
  { panic, stop, lines }: KernelMessages,
): boolean {
  if (value.layer !== 'program') return true;
  return Math.abs(((panic ?? stop)?.at ?? lines) - at) <= NEAR;
}

/** Whether the same device mounted, or was attached, after the complaint: it did no harm. */
function workedLater(
  { value, at }: ChosenComplaint,
  { fileSystems, ubi }: KernelMessages,
): boolean {
  const { device } = value;
  if (device === null) return false;
  if (/^ubi\d*$/.test(device))
    return ubi.some((each) => each.at > at && (device === 'ubi' || each.value === device));
  return fileSystems.some((each) => each.at > at && each.value.device === device);
}

/** The heaviest one; of several the first, from which the others follow. */
function heaviest(complaints: readonly ChosenComplaint[]): ChosenComplaint | null {
  const rank = ({ value }: ChosenComplaint): number => COMPLAINT_WEIGHTS.indexOf(value.weight);
  let best: ChosenComplaint | null = null;
  for (const each of complaints) if (best === null || rank(each) < rank(best)) best = each;
  return best;
}

export interface ChosenComplaints {
  /** What explains the end by itself; null if nothing does. */
  strong: ChosenComplaint | null;
  /** What may have to do with it, if nothing better is known. */
  weak: ChosenComplaint | null;
}

/**
 * Chooses the complaints that explain why there is no root, or why process 1 does not go on.
 * `ran`: process 1 ran, so that only what came after the last mount of the kernel counts.
 */
export function chooseComplaints(
  seen: KernelMessages,
  root: RootSubject,
  ran: boolean,
): ChosenComplaints {
  const able = seen.complaints.filter((each) => {
    const { layer, roots } = each.value;
    const inTime = layer === 'program' ? ran : !ran || roots === seen.mounted.length;
    const harmful = isNearEnd(each, seen) && !workedLater(each, seen);
    return inTime && harmful && concernsRoot(each.value, root, seen);
  });
  const isWeak = ({ value }: ChosenComplaint): boolean => WEAK.includes(value.weight);
  return {
    strong: heaviest(able.filter((each) => !isWeak(each))),
    weak: heaviest(able.filter(isWeak)),
  };
}
