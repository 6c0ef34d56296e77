import DumpDirectory

/// A journal that S3 gets in parts.
struct JournalTail {
  let entry: JournalEntry
  var follower: JournalFollower
  /// The bytes of it that S3 has.
  var copied: Int
  /// The objects in S3 that the next part replaces.
  var replaced: [S3Object] = []

  /// Whether S3 has all that was read.
  var isCopied: Bool { copied >= follower.end }
}
