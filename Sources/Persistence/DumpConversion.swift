package import Clocks
package import DumpDirectory
package import DumpFormat
import JSON

/// Writes a dump again in another format, encrypted with the present key, in constant memory.
package struct DumpConversion: Sendable {
  private let source: DumpDirectory
  private let keyring: DumpKeyring
  private let program: String
  private let clock: WallClock

  /// Creates a conversion of dumps that the keys decrypt.
  ///
  /// - Parameter program: the program that writes, with its version.
  package init(of source: DumpDirectory, keyring: DumpKeyring, program: String, clock: WallClock = .system) {
    self.source = source
    self.keyring = keyring
    self.program = program
    self.clock = clock
  }

  /// Writes a dump with the same documents, time, epoch and sequence. Journals that follow the dump follow it, too.
  ///
  /// - Parameters:
  ///   - path: the dump's absolute path.
  ///   - directory: another directory than the dump's own: no directory may have two dumps of one epoch and sequence.
  /// - Throws: `DumpDirectoryError`, `DumpFormatError` or `RestoreError`. No dump is there then.
  package func convert(_ path: String, to format: DumpFormatName, into directory: String) throws -> WrittenDump {
    let dump = try source.open(path)
    let stem = DumpName(DumpEntry(path: path).name)?.stem ?? DumpLocation.defaultStem
    let target = try DumpLocation(path: "\(directory)/\(stem)\(DumpName.suffix)", workingDirectory: "/")
    guard !target.directory.hasSameBytes(as: source.location.directory) else {
      throw DumpDirectoryError(.outside, directory, "is the dump directory; name another one")
    }
    // A dump that is damaged leaves nothing behind, and the header is authentic.
    let verified = try dump.inspect(keyring)
    let header = DumpHeader(
      format: format, createdAt: verified.createdAt, order: verified.order, predecessor: verified.header.predecessor,
      firstIdentity: try source.identity(of: path, keyring))
    let seconds = CivilTime.unixSeconds(of: verified.createdAt) ?? clock.now().seconds
    let destination = DumpDirectory(target)
    var pending = try destination.beginDump(to: target, at: seconds) { file in
      try DumpWriter(header: header, program: program, key: keyring.sealing, sink: file)
    }
    let summary = try CanonicalContent.read(dump, keyring) { group in
      try pending.beginGroup(group)
    } document: { document in
      try pending.append(document)
    }
    guard summary == verified else {
      throw DumpDirectoryError(.inputOutput, path, "changed while it was read")
    }
    return try pending.seal().publish()
  }
}
