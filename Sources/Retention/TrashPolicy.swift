/// A dump that pruning moved out of the way.
package struct TrashedFile: Sendable, Equatable {
  package let name: String
  /// Unix seconds.
  package let trashedAt: Int

  package init(name: String, trashedAt: Int) {
    self.name = name
    self.trashedAt = trashedAt
  }
}

/// When files leave the trash for good.
package struct TrashPolicy: Sendable, Equatable {
  /// Seconds; less than 0 is taken as 0.
  package let keepFor: Int

  package init(keepFor: Int) {
    self.keepFor = max(0, keepFor)
  }

  /// - Parameter hasGoodDump: whether the volume holds a dump that was verified. Without one, the trash may hold the
  ///   only copy.
  /// - Returns: the names of the files to unlink.
  package func filesToUnlink(_ files: [TrashedFile], clock: ClockReading, hasGoodDump: Bool) -> [String] {
    guard hasGoodDump, case .trusted(let now) = clock else { return [] }
    return files.filter { isOver($0, now: now) }.map(\.name)
  }

  private func isOver(_ file: TrashedFile, now: Int) -> Bool {
    guard file.trashedAt <= now else { return false }
    let (age, isBeyondAll) = now.subtractingReportingOverflow(file.trashedAt)
    return isBeyondAll || age >= keepFor
  }
}
