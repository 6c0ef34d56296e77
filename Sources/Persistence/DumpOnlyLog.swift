package import DocumentStore

/// The commit log of a store that is saved by dumps alone. A change is acknowledged at once, and the next dump holds
/// it.
package struct DumpOnlyLog: CommitLog {
  /// Creates the log; it has no state.
  package init() {}

  /// Returns at once.
  package func append(_ commit: Commit) async {}
}
