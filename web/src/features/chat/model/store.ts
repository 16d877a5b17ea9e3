/** One open conversation: its turns, kept current by one stream that is opened again where it was cut. */
import { ApiError, api, request } from '@/lib/api-client';
import type { ConversationDetail, StoredEvent, TurnOut } from '@/lib/api-types';
import { readMessages } from '@/lib/sse';
import { type TurnView, emptyTurn, fold } from './fold';

export type Connection = 'opening' | 'live' | 'away' | 'gone';

export interface Snapshot {
  turns: readonly TurnView[];
  connection: Connection;
  /** Everything that was stored when the stream was opened has been shown. */
  settled: boolean;
}

const SILENCE_MS = 40_000; // the server says something every 15 s
const LONGEST_WAIT_MS = 15_000;

export class ConversationStore {
  private readonly byId = new Map<string, TurnView>();
  private order: string[] = [];
  private place: string | null = null;
  private snapshot: Snapshot = { turns: [], connection: 'opening', settled: false };
  private readonly listeners = new Set<() => void>();
  private frame: number | null = null;
  private connection: Connection = 'opening';
  private settled = false;
  private running: AbortController | null = null;
  private wake: (() => void) | null = null;

  constructor(
    readonly id: string,
    private readonly onRest: () => void,
  ) {}

  readonly subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    if (this.running === null) this.start();
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.stop();
    };
  };

  readonly read = () => this.snapshot;

  /** An event that came another way: the answer to what was sent. */
  take(stored: StoredEvent): void {
    const before = this.byId.get(stored.turn_id) ?? emptyTurn(stored.turn_id, stored.at);
    // Events of a turn come in order; one that skips some is left to the stream.
    if (stored.seq > before.lastSeq + 1) return;
    const after = fold(before, stored);
    if (after === before) return;
    this.byId.set(after.id, after);
    if (!this.order.includes(after.id)) this.order = [...this.order, after.id];
    this.tell();
  }

  /** A message takes the place of a turn: what was below it is no longer shown. */
  replaceFrom(turnId: string): void {
    const at = this.order.indexOf(turnId);
    if (at < 0) return;
    this.order = this.order.slice(0, at);
    this.tell();
  }

  showBranch(ids: string[]): void {
    this.order = ids;
    this.tell();
  }

  private start(): void {
    const running = new AbortController();
    this.running = running;
    window.addEventListener('online', this.hurry);
    document.addEventListener('visibilitychange', this.hurry);
    void this.follow(running.signal);
  }

  private stop(): void {
    this.running?.abort();
    this.running = null;
    this.connection = 'opening';
    window.removeEventListener('online', this.hurry);
    document.removeEventListener('visibilitychange', this.hurry);
  }

  private readonly hurry = () => {
    if (document.visibilityState === 'visible') this.wake?.();
  };

  private async follow(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      try {
        if (this.place !== null) await this.catchUp(signal);
        await this.readOnce(signal, () => (failures = 0));
        failures += 1;
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof ApiError && (error.status === 404 || error.status === 401)) {
          this.be('gone');
          return;
        }
        failures += 1;
      }
      if (signal.aborted || this.connection === 'gone') return;
      if (failures > 1) this.be('away');
      await this.pause(Math.min(LONGEST_WAIT_MS, 300 * 2 ** Math.min(failures, 6)), signal);
    }
  }

  /** Another tab may have chosen another branch while this one was away. */
  private async catchUp(signal: AbortSignal): Promise<void> {
    const detail = await api.get<ConversationDetail>(`conversations/${this.id}`, signal);
    this.order = branchOf(detail.turns, detail.conversation.head_turn_id);
    if (this.place !== null && !this.order.includes(this.place.slice(0, this.place.lastIndexOf(':')))) this.place = null;
  }

  private async readOnce(signal: AbortSignal, onEvent: () => void): Promise<void> {
    const own = new AbortController();
    const abort = () => own.abort();
    signal.addEventListener('abort', abort);
    let silence = setTimeout(abort, SILENCE_MS);
    try {
      const answer = await request(`conversations/${this.id}/events`, {
        headers: { Accept: 'text/event-stream', ...(this.place === null ? {} : { 'Last-Event-ID': this.place }) },
        signal: own.signal,
      });
      if (answer.body === null) return;
      this.be('live');
      const heard = answer.body.pipeThrough(
        new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
          transform: (chunk, controller) => {
            clearTimeout(silence);
            silence = setTimeout(abort, SILENCE_MS);
            controller.enqueue(chunk);
          },
        }),
      );
      for await (const message of readMessages(heard)) {
        onEvent();
        if (message.id !== null) this.event(message.id, message.data);
        else if (this.control(message.event, message.data)) return;
      }
    } finally {
      clearTimeout(silence);
      signal.removeEventListener('abort', abort);
      own.abort();
    }
  }

  private event(id: string, data: string): void {
    const colon = id.lastIndexOf(':');
    const stored = {
      turn_id: id.slice(0, colon),
      seq: Number(id.slice(colon + 1)),
      at: Date.now() / 1000,
      event: JSON.parse(data) as StoredEvent['event'],
    };
    this.place = id;
    this.take(stored);
  }

  /** True when the stream ends with it. */
  private control(name: string, data: string): boolean {
    switch (name) {
      case 'rest':
        this.settled = true;
        this.onRest();
        this.tell();
        return false;
      case 'branch':
        this.order = (JSON.parse(data) as { turn_ids: string[] }).turn_ids;
        this.tell();
        return false;
      case 'gone':
        this.be('gone');
        return true;
      case 'reconnect':
        return true;
      default:
        return false;
    }
  }

  private be(connection: Connection): void {
    this.connection = connection;
    this.tell();
  }

  /** At most once a frame, however fast events come; at once when nobody looks. */
  private tell(): void {
    if (this.frame !== null) return;
    const show = () => {
      this.frame = null;
      const turns = this.order.flatMap((id) => this.byId.get(id) ?? []);
      this.snapshot = { turns, connection: this.connection, settled: this.settled };
      for (const listener of this.listeners) listener();
    };
    this.frame = document.visibilityState === 'visible' ? requestAnimationFrame(show) : window.setTimeout(show, 50);
  }

  private pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.wake = null;
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done);
      this.wake = done;
    });
  }
}

/** Ids from the first turn to the head. */
export function branchOf(turns: readonly TurnOut[], head: string | null): string[] {
  const parents = new Map(turns.map((turn) => [turn.id, turn.parent_turn_id]));
  const branch: string[] = [];
  for (let id = head; id !== null && parents.has(id) && branch.length <= parents.size; id = parents.get(id) ?? null) {
    branch.unshift(id);
  }
  return branch;
}
