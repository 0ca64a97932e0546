export interface ProjectedValue {
  /** False: the projection is not whole, so a missing value says nothing. */
  readonly complete: boolean;
  readonly value?: string;
}

export interface ProjectionChanges {
  readonly set: Readonly<Record<string, string>>;
  readonly remove: readonly string[];
}

/** Small hashes that the database projects into the store, with a field that says that they are whole. */
export interface Projections {
  readProjection(name: string, field: string): Promise<ProjectedValue>;
  /**
   * Applies changes in one step and answers whether the projection is whole afterwards. `complete` true sets the mark
   * with the changes, false removes it, omitted leaves it: a follower of changes omits it and replaces the whole
   * projection when the answer is not complete, for the store may have lost it.
   */
  writeProjection(
    name: string,
    changes: ProjectionChanges,
    complete?: boolean,
  ): Promise<{ readonly complete: boolean }>;
  /** Puts a whole projection in the place of the old one; readers see one or the other, never a part. */
  replaceProjection(name: string, entries: Iterable<readonly [field: string, value: string]>): Promise<void>;
}
