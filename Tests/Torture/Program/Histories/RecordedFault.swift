/// A fault of a real run, which shows that the check finds it in recorded calls.
enum RecordedFault: String, CaseIterable {
  /// Changes go to the other task than the reads of the same connection, as if a standby did not wait for them.
  case laggingRead
  /// The calls of one connection go to both tasks.
  case mixedConnection
  /// The end of a change is recorded as its beginning, as if it had been answered before it was made.
  case earlyAnswer
  /// The tasks keep no journal, so a crash of the writer loses changes that were answered.
  case lostChange
  /// A preloaded library lets the standby take the lease of a task that lives, so for a while both take changes.
  case twoWriters
}
