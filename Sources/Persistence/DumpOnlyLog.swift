package import DocumentStore

/// The log of a store that is kept by dumps alone: a change is acknowledged at once, and the next dump holds it.
package struct DumpOnlyLog: CommitLog {
  package init() {}

  package func append(_ commit: Commit) async {}
}
