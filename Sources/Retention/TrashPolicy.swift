/// A dump that pruning moved to the trash.
package struct TrashedFile: Sendable, Equatable {
  /// The file's name in the trash.
  package let name: String
  /// When the dump was moved to the trash, in Unix seconds.
  package let trashedAt: Int

  /// Creates a trashed file from its parts.
  package init(name: String, trashedAt: Int) {
    self.name = name
    self.trashedAt = trashedAt
  }
}

/// Decides when files in the trash are unlinked.
package struct TrashPolicy: Sendable, Equatable {
  /// The time in seconds that a file stays in the trash. A negative value counts as 0.
  package let keepFor: Int

  /// Creates a policy.
  package init(keepFor: Int) {
    self.keepFor = max(0, keepFor)
  }

  /// Finds the files that are in the trash for long enough.
  ///
  /// - Parameter hasGoodDump: whether the directory has a verified dump. Without one, the trash may hold the only copy,
  ///   and nothing is unlinked.
  /// - Returns: the names of the files to unlink.
  package func filesToUnlink(_ files: [TrashedFile], clock: ClockReading, hasGoodDump: Bool) -> [String] {
    guard hasGoodDump, case .trusted(let now) = clock else { return [] }
    return files.filter { isOver($0, now: now) }.map(\.name)
  }

  /// The seconds until the time of the next file is over, or `nil` when there is none.
  package func secondsToNext(_ files: [TrashedFile], clock: ClockReading) -> Int? {
    guard case .trusted(let now) = clock else { return nil }
    return files.filter { !isOver($0, now: now) }.compactMap { file in
      let (end, isBeyondAll) = file.trashedAt.addingReportingOverflow(keepFor)
      let (left, isTooFar) = end.subtractingReportingOverflow(now)
      return isBeyondAll || isTooFar ? nil : left
    }.min()
  }

  private func isOver(_ file: TrashedFile, now: Int) -> Bool {
    guard file.trashedAt <= now else { return false }
    let (age, isBeyondAll) = now.subtractingReportingOverflow(file.trashedAt)
    return isBeyondAll || age >= keepFor
  }
}
