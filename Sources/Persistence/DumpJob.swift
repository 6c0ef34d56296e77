package import Clocks
package import DocumentStore
package import DumpDirectory
package import DumpFormat
import Threads

/// Writes one snapshot as one dump. It blocks for as long as the volume takes.
package struct DumpJob: Sendable {
  /// The dump directory.
  package let directory: DumpDirectory
  /// The keys. A dump is encrypted with the newest one when it begins.
  package let keys: CurrentKeyring
  /// The format of the dump.
  package let format: DumpFormatName
  /// The program that writes, with its version, as `gatehouse/1.0`.
  package let program: String
  /// The clock that gives the dump its time.
  package let clock: WallClock

  /// Creates a job for one dump directory and format, with keys that can be replaced.
  package init(
    directory: DumpDirectory, keys: CurrentKeyring, format: DumpFormatName, program: String = "gatehouse/",
    clock: WallClock = .system
  ) {
    self.directory = directory
    self.keys = keys
    self.format = format
    self.program = program
    self.clock = clock
  }

  /// Creates a job for one dump directory, format and keyring.
  package init(
    directory: DumpDirectory, keyring: DumpKeyring, format: DumpFormatName, program: String = "gatehouse/",
    clock: WallClock = .system
  ) {
    self.init(
      directory: directory, keys: CurrentKeyring(keyring), format: format, program: program, clock: clock)
  }

  /// Bytes of documents after which other threads have their turns.
  private static let turn = 128 << 10

  /// Writes a dump.
  ///
  /// - Parameters:
  ///   - order: the dump's epoch and sequence, or `nil` for a dump without them.
  ///   - predecessor: the identity (`DumpIdentity`) of the dump before this one, or `nil` when none is known.
  ///   - fence: called before the dump gets its name, and again afterwards. If it throws the first time, the dump gets
  ///     no name.
  package func write(
    _ snapshot: Snapshot, to target: DumpLocation, order: DumpOrder? = nil, after predecessor: String? = nil,
    fence: () throws -> Void = {}
  ) throws -> WrittenDump {
    let now = clock.now()
    let header = DumpHeader(
      format: format,
      createdAt: CivilTime(unixSeconds: now.seconds).extended(microseconds: now.microseconds),
      order: order, predecessor: predecessor)
    var dump = try directory.beginDump(to: target, at: now.seconds) { file in
      try DumpWriter(header: header, program: program, key: keys.present.sealing, sink: file)
    }
    var turns = Turns(every: Self.turn)
    for collection in snapshot.collections {
      try dump.beginGroup(collection)
      try snapshot.forEachDocument(in: collection) { document in
        try dump.append(document)
        turns.count(document.count)
      }
    }
    return try dump.seal().publish(fence: fence)
  }

  /// The identity of a dump that a state came from, as the next dump names it.
  ///
  /// - Returns: `nil` when there is none, or when it is not known yet and can't be read. Nothing depends on it.
  func identity(of origin: Dumper.Origin?) -> String? {
    guard let origin else { return nil }
    if let identity = origin.identity { return identity }
    do {
      return try directory.identity(of: origin.path, keys.present)
    } catch {
      return nil
    }
  }
}
