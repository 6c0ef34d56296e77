package import Clocks
package import DocumentStore
package import DumpDirectory
package import DumpFormat

/// Writes one snapshot as one dump. It blocks for as long as the volume takes.
package struct DumpJob: Sendable {
  /// The dump directory.
  package let directory: DumpDirectory
  /// The keys. The dump is encrypted with the sealing key.
  package let keyring: DumpKeyring
  /// The format of the dump.
  package let format: DumpFormatName
  /// The clock that gives the dump its time.
  package let clock: WallClock

  /// Creates a job for one dump directory, format and keyring.
  package init(directory: DumpDirectory, keyring: DumpKeyring, format: DumpFormatName, clock: WallClock = .system) {
    self.directory = directory
    self.keyring = keyring
    self.format = format
    self.clock = clock
  }

  /// Writes a dump.
  ///
  /// - Parameters:
  ///   - order: the dump's epoch and sequence, or `nil` for a dump without them.
  ///   - fence: called before the dump gets its name, and again afterwards. If it throws the first time, the dump gets
  ///     no name.
  package func write(
    _ snapshot: Snapshot, to target: DumpLocation, order: DumpOrder? = nil, fence: () throws -> Void = {}
  ) throws -> WrittenDump {
    let now = clock.now()
    let header = DumpHeader(
      format: format,
      createdAt: CivilTime(unixSeconds: now.seconds).extended(microseconds: now.microseconds),
      order: order)
    var dump = try directory.beginDump(to: target, at: now.seconds) { file in
      try DumpWriter(header: header, key: keyring.sealing, sink: file)
    }
    for collection in snapshot.collections {
      try dump.beginGroup(collection)
      try snapshot.forEachDocument(in: collection) { try dump.append($0) }
    }
    return try dump.seal().publish(fence: fence)
  }
}
