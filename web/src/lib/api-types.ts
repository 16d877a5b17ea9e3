// Made by scripts/api_types.py from the server's OpenAPI document. Do not edit.

/** The message is stored; its turn runs whether or not anybody watches. */
export type AcceptedOut = {
  turn: TurnOut;
  event: StoredEvent;
  /** The same message under the same key was accepted before. */
  repeated: boolean;
};

export type AdminUser = {
  id: string;
  name: string;
  email: string | null;
  email_verified: boolean;
  role: "user" | "admin";
  state: "active" | "disabled";
  local: boolean;
  created_at: number;
  seen_at: number | null;
};

/** The call is named by id and digest alone: what runs is what was stored and shown. */
export type AnswerIn = {
  digest: string;
  decision: "allow" | "always_allow" | "decline";
  /** JSON text of changed arguments; the call is then proposed anew. */
  arguments?: string | null;
};

/** What was decided; the same for everybody who asks. */
export type AnswerOut = {
  /** allow, always_allow, decline, connected, not_connected, expired or void. */
  outcome: string;
  /** This very request decided it. */
  first: boolean;
  call_id: string;
  turn_id: string;
  at: number;
  /** Of the answer's event. */
  seq: number | null;
};

export type ApiTokenIn = {
  name: string;
  scopes?: ("chat" | "build" | "account" | "admin")[];
  /** It ends after so many days. */
  days?: number | null;
};

/** An API token; its text is shown once, when it is made. */
export type ApiTokenOut = {
  id: string;
  name: string;
  scopes: string[];
  last_four: string;
  created_at: number;
  expires_at: number | null;
  used_at: number | null;
};

export type AuditOut = {
  id: number;
  at: number;
  user_id: string | null;
  what: string;
  subject: string;
  details: Record<string, unknown>;
};

export type AuditPage = {
  entries: AuditOut[];
};

/** No answer, and nothing can have happened. */
export type CallFailed = {
  type: "call_failed";
  call_id: string;
  text: string;
  told_to: string;
  may_retry: boolean;
};

/** An answer came, whatever its status. */
export type CallFinished = {
  type: "call_finished";
  call_id: string;
  status: number;
  media_type: string;
  size: number;
  elapsed_ms: number;
  text: string;
  response: Record<string, unknown> | null;
  file_ids: string[];
};

/** The model asks for a call; arguments are checked, the request is built, nothing is sent. A second one of the same `call_id` takes the place of the first: after a sign-in, with arguments that the person changed, or when what would be sent is no longer what was shown. */
export type CallProposed = {
  type: "call_proposed";
  call_id: string;
  provider_call_id: string;
  function: string;
  arguments: string;
  action_id: string | null;
  operation: string | null;
  host: string | null;
  consequential: boolean;
  digest: string | null;
  request: Record<string, unknown> | null;
};

/** Not sent: wrong arguments, unknown function, a policy, or no budget left; the model is told `text`. */
export type CallRefused = {
  type: "call_refused";
  call_id: string;
  reason: "arguments" | "unknown_function" | "policy" | "budget" | "address" | "declined" | "expired" | "stopped" | "already_executed";
  text: string;
};

/** Committed before the journal's claim, which is committed before the first byte leaves. A call that was started and has no end after a crash is judged by the journal: not claimed means that nothing left. */
export type CallStarted = {
  type: "call_started";
  call_id: string;
  attempt: number;
};

/** Sent, no answer: it may have happened. Never re-sent by itself; *Check* and *Run again* are offered. */
export type CallUnknown = {
  type: "call_unknown";
  call_id: string;
  text: string;
};

export type ConfirmationAnswered = {
  type: "confirmation_answered";
  call_id: string;
  decision: "allow" | "always_allow" | "decline";
  by: string;
  arguments: string | null;
};

/** The turn ends here until a person answers; nothing waits in memory. */
export type ConfirmationAsked = {
  type: "confirmation_asked";
  call_id: string;
  digest: string;
  may_always_allow: boolean;
  reasons: string[];
  sentence: string;
  expires_at: number;
};

/** Something that is allowed without a further question. */
export type ConsentOut = {
  id: string;
  kind: "operation" | "domain";
  gpt_id: string | null;
  origin: string;
  /** Empty: reads of the domain. */
  operation: string;
  granted_at: number;
  expires_at: number;
};

export type ConsentPage = {
  consents: ConsentOut[];
};

export type ConversationChange = {
  title?: string | null;
  model?: string | null;
  /** Show the branch that ends there. */
  head_turn_id?: string | null;
};

export type ConversationDetail = {
  conversation: ConversationOut;
  /** Of all branches, in the order in which they were sent. */
  turns: TurnOut[];
  /** What waits for an answer. */
  questions: QuestionOut[];
};

export type ConversationIn = {
  gpt_id?: string | null;
  preview?: boolean;
  title?: string;
  model?: string | null;
};

export type ConversationOut = {
  id: string;
  gpt_id: string | null;
  /** Pinned; null follows the published version. */
  gpt_version: number | null;
  /** It talks to the draft. */
  preview: boolean;
  title: string;
  model: string | null;
  /** The last turn of the branch that is shown. */
  head_turn_id: string | null;
  turns: number;
  created_at: number;
  updated_at: number;
};

export type ConversationPage = {
  conversations: ConversationOut[];
  /** Give it as `before` for the page after this one. */
  next: string | null;
};

export type DomainIn = {
  domain: string;
  note?: string;
};

export type DomainOut = {
  domain: string;
  note: string;
  created_at: number;
};

/** Nothing more to say. */
export type Done = {
  done: boolean;
};

export type EditIn = {
  text: string;
  file_ids?: string[];
};

export type EmailIn = {
  email: string;
};

export type Farewell = {
  /** The word `delete`. */
  confirm: string;
};

/** One value of the request that cannot be used. */
export type FieldProblem = {
  /** Where it stands: body, query, path, header or cookie. */
  location: string;
  /** JSON pointer to it within that place, e.g. `/text`; empty for the whole. */
  pointer: string;
  /** What is wrong with it. */
  message: string;
};

export type FileOut = {
  id: string;
  name: string;
  media_type: string;
  size: number;
  source: string;
  conversation_id: string | null;
  created_at: number;
};

/** How the installation is. */
export type HealthOut = {
  version: string;
  database: string;
  public_url: string;
  model: string;
  users: number;
  turns_running: number;
  streams: number;
  sign_up: string;
  /** Private places that actions may call. */
  allowed_networks: string[];
  egress_proxy: boolean;
};

export type InvitationIn = {
  /** Only who has this address may use it. */
  email?: string | null;
  role?: "user" | "admin";
};

export type InvitationOut = {
  id: string;
  email: string | null;
  role: "user" | "admin";
  created_at: number;
  expires_at: number;
  accepted_at: number | null;
};

export type Link = {
  /** Send it to the person; it works once. */
  url: string;
};

export type LinkIn = {
  token: string;
};

export type MessageIn = {
  text: string;
  /** Files that were uploaded before. */
  file_ids?: string[];
  /** Turn that it follows; the last one when absent. */
  parent?: string | null;
  model?: string | null;
  /** The model must call this function: the editor's Test. */
  force_function?: string | null;
};

export type ModelFinished = {
  type: "model_finished";
  round: number;
  reason: "stop" | "tool_calls" | "length" | "refused";
  input_tokens: number;
  output_tokens: number;
  cached_tokens: number;
};

export type ModelPage = {
  default: string;
  models: string[];
};

/** A request to the model begins: `round` 0, 1, 2 … within the turn. Text of a cut earlier try is void. */
export type ModelStarted = {
  type: "model_started";
  round: number;
  model: string;
  offered: string[];
};

export type NewApiToken = {
  /** Keep it now: it is not shown again. */
  token: string;
  info: ApiTokenOut;
};

export type NewInvitation = {
  /** Send it to the person; it works once. */
  url: string;
  info: InvitationOut;
};

/** Something a person should read: trimmed context, a budget, a fallback, a waiting time. */
export type Notice = {
  type: "notice";
  code: string;
  text: string;
};

export type OidcStart = {
  /** Where the browser goes to sign in. */
  url: string;
};

export type OidcWay = {
  /** What the button says. */
  name: string;
};

export type PasswordChange = {
  /** The present password, where there is one. */
  old?: string | null;
  new: string;
};

/** RFC 9457, with whose turn it is and whether trying again helps. */
export type Problem = {
  /** Always about:blank; `code` tells problems apart. */
  type: string;
  /** The name of the status. */
  title: string;
  /** The HTTP status. */
  status: number;
  /** A stable name for programs, e.g. `not_found`. */
  code: string;
  /** What happened and what to do, in words. */
  detail: string;
  /** The fields that cannot be used. */
  errors: FieldProblem[];
  /** Who can mend it: user, builder, operator, api or caller. */
  whose_turn: string | null;
  /** Whether the same request may succeed later. */
  may_retry: boolean;
};

/** One's own account. */
export type Profile = {
  id: string;
  name: string;
  email: string | null;
  role: "user" | "admin";
  /** The single user of a server on loopback. */
  local: boolean;
  locale: string;
  email_verified: boolean;
  has_password: boolean;
  /** Of the page: theme and the like. */
  preferences: Record<string, unknown>;
  created_at: number;
};

export type ProfileChange = {
  name?: string | null;
  locale?: string | null;
  preferences?: Record<string, unknown> | null;
};

/** A call that waits for its person. */
export type QuestionOut = {
  turn_id: string;
  call_id: string;
  kind: "confirmation" | "sign_in";
  digest: string;
  may_always_allow: boolean;
  asked_at: number;
  expires_at: number | null;
};

export type ResetIn = {
  token: string;
  password: string;
};

/** A browser that is signed in. */
export type SessionInfo = {
  id: string;
  method: string;
  user_agent: string;
  created_at: number;
  used_at: number;
  expires_at: number;
  /** The one that asks. */
  current: boolean;
};

/** Who is signed in, and what a page needs to go on. */
export type SessionOut = {
  user: UserOut | null;
  /** Send it as X-CSRF-Token with every change. */
  csrf_token: string | null;
  ways: SignInWays;
  /** The TODO demo, where it runs. */
  demo_gpt_id: string | null;
  /** The model that answers when none is chosen. */
  model: string | null;
  version: string;
};

/** The turn waits for a connection: OAuth sign-in or a key (OA-12). */
export type SignInAsked = {
  type: "sign_in_asked";
  call_id: string;
  action_id: string;
  kind: "oauth" | "api_key";
  host: string;
  instructions: string;
};

export type SignInFinished = {
  type: "sign_in_finished";
  call_id: string;
  connected: boolean;
};

export type SignInFinishedIn = {
  connected: boolean;
};

export type SignInIn = {
  email: string;
  password: string;
};

/** How people sign in here. */
export type SignInWays = {
  /** By the address that `actionry serve` prints. */
  local: boolean;
  password: boolean;
  sign_up: "closed" | "invitation" | "open";
  oidc: OidcWay | null;
};

export type SignUpIn = {
  email: string;
  password: string;
  name: string;
  invitation?: string | null;
};

/** An event with its place; what SSE sends as `id: {turn_id}:{seq}`. */
export type StoredEvent = {
  turn_id: string;
  seq: number;
  at: number;
  event: UserMessageAdded | ModelStarted | TextAdded | ModelFinished | CallProposed | CallRefused | ConfirmationAsked | ConfirmationAnswered | SignInAsked | SignInFinished | CallStarted | CallFinished | CallFailed | CallUnknown | Notice | TurnFinished;
};

/** A batch of streamed text (at most 250 ms or 2 kB). */
export type TextAdded = {
  type: "text";
  text: string;
};

/** One call as it was checked, built, sent and answered; secrets are dots. */
export type TraceCall = {
  call_id: string;
  function: string;
  operation: string | null;
  host: string | null;
  consequential: boolean;
  arguments: string;
  request: Record<string, unknown> | null;
  response: Record<string, unknown> | null;
  status: number | null;
  media_type: string | null;
  size: number | null;
  outcome: string;
  /** What the model read. */
  text: string;
  attempts: number;
  proposed_at: number;
  started_at: number | null;
  ended_at: number | null;
  elapsed_ms: number | null;
  asked_at: number | null;
  answered_at: number | null;
  decision: string | null;
};

/** The view under the hood of one turn. */
export type TraceOut = {
  turn: TurnOut;
  rounds: TraceRound[];
  notices: string[];
};

export type TraceRound = {
  round: number;
  model: string;
  offered: string[];
  started_at: number;
  first_text_at: number | null;
  finished_at: number | null;
  reason: string | null;
  input_tokens: number;
  output_tokens: number;
  cached_tokens: number;
  text: string;
  calls: TraceCall[];
};

export type TurnDetail = {
  turn: TurnOut;
  events: StoredEvent[];
};

/** Terminal. `failed` names whose turn it is; everything acknowledged before stays. */
export type TurnFinished = {
  type: "turn_finished";
  outcome: "done" | "stopped" | "failed" | "budget";
  text: string;
  told_to: string | null;
  may_retry: boolean;
};

export type TurnOut = {
  id: string;
  conversation_id: string;
  parent_turn_id: string | null;
  number: number;
  kind: string;
  state: "queued" | "running" | "waiting" | "finished";
  outcome: string | null;
  last_seq: number;
  stop_asked: boolean;
  model: string | null;
  input_tokens: number;
  output_tokens: number;
  cached_tokens: number;
  created_at: number;
  started_at: number | null;
  finished_at: number | null;
};

export type UserChange = {
  role?: "user" | "admin" | null;
  state?: "active" | "disabled" | null;
};

/** Always the first of a turn; stored in the transaction that accepts the message. */
export type UserMessageAdded = {
  type: "user_message";
  text: string;
  file_ids: string[];
};

/** A person as they see themselves. */
export type UserOut = {
  id: string;
  name: string;
  email: string | null;
  role: "user" | "admin";
  /** The single user of a server on loopback. */
  local: boolean;
  locale: string;
};

export type UserPage = {
  users: AdminUser[];
  /** Give it as `after` for the page after this one. */
  next: string | null;
};
