/** A value that every process of a deployment has to agree on, and the processes that go by it. */
export interface DeploymentFact {
  /** Undefined where nobody has said it yet. */
  readonly value?: string;
  /** Those that have joined and neither left nor let their time run out. */
  readonly members: readonly string[];
}

export interface JoinRequest {
  readonly name: string;
  /** Becomes the deployment's where none stands yet. */
  readonly value: string;
  /** Listed for so long after each call; omitted by who only asks. */
  readonly member?: { readonly id: string; readonly ttlMs: number };
}

/** Facts of the deployment for processes that have no database. */
export interface DeploymentFacts {
  /** Resolves to the value that stands, which need not be the caller's. In one step, and repeatable. */
  joinDeployment(request: JoinRequest): Promise<string>;
  leaveDeployment(name: string, member: string): Promise<void>;
  deploymentFact(name: string): Promise<DeploymentFact>;
  /** Sets the value unless a member is listed, in one step; resolves to the members that stand in the way. */
  switchDeployment(name: string, value: string): Promise<readonly string[]>;
}
