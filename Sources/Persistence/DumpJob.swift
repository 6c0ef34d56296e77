package import Clocks
package import DocumentStore
package import DumpDirectory
package import DumpFormat

/// Writes one snapshot as one dump. Blocks for as long as the volume takes.
package struct DumpJob: Sendable {
  package let directory: DumpDirectory
  package let keyring: DumpKeyring
  package let format: DumpFormatName
  package let clock: WallClock

  package init(directory: DumpDirectory, keyring: DumpKeyring, format: DumpFormatName, clock: WallClock = .system) {
    self.directory = directory
    self.keyring = keyring
    self.format = format
    self.clock = clock
  }

  /// - Parameters:
  ///   - order: where the dump stands among those of the volume.
  ///   - fence: keeps the dump from getting its name by what it throws.
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
