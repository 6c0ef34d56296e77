/// The files that the keys of dumps come from. A process that runs reads them again.
package struct KeyFiles: Sendable {
  /// The keys in the files.
  package struct Keys: Sendable {
    /// The key that encrypts dumps.
    package let encryptionKey: Secret
    /// Keys for decryption only.
    package let olderKeys: [Secret]
    /// The state of the files when they were read.
    package let stamps: [FileStamp?]
  }

  /// The variables of the keys, since one key can come from a file and the other from its variable.
  private let variables: [String: Secret]
  private let isProduction: Bool
  private let paths: [String]
  /// The state of the files before the settings were read from them.
  package let firstStamps: [FileStamp?]

  /// To be made before the keys are read.
  init(_ reader: EnvironmentReader, isProduction: Bool) {
    let declared = DumpSettings.declarations
    let settings = [declared.encryptionKey, declared.olderKeys]
    variables = reader.variables(of: settings).mapValues { Secret($0) }
    paths = settings.compactMap { reader.path(of: $0) }
    firstStamps = paths.map { FileStamp(of: $0) }
    self.isProduction = isProduction
  }

  /// Whether no key comes from a file, so that the keys can't change while the process runs.
  package var isEmpty: Bool { paths.isEmpty }

  /// The state of the files, as far as a change of one shows in it. It waits for the volume that they are on.
  package var stamps: [FileStamp?] { paths.map { FileStamp(of: $0) } }

  /// Reads the keys again, and waits for the volume that the files are on.
  ///
  /// - Throws: `ConfigurationFaults` when a file can't be read, is being changed, or has no key.
  package func read() throws(ConfigurationFaults) -> Keys {
    let before = stamps
    var reader = EnvironmentReader(variables.mapValues { $0.reveal() }, readFile: SecretFile.text(of:))
    let settings = DumpSettings(&reader, isProduction: isProduction)
    if stamps != before {
      reader.fault(DumpSettings.declarations.encryptionKey, "or the earlier keys are being changed just now")
    }
    guard let settings, reader.faults.isEmpty else { throw ConfigurationFaults(faults: reader.faults) }
    return Keys(encryptionKey: settings.encryptionKey, olderKeys: settings.olderKeys, stamps: before)
  }
}

/// Decides when files of keys are read again, and when a fault of them is reported. A value without files and without a
/// clock.
package struct KeyFileChanges: Sendable {
  /// The files as they were when they were read.
  private var known: [FileStamp?]
  /// The files as they were at the last look, which found them changed.
  private var unsettled: [FileStamp?]?
  /// The files as they were when a fault of them was reported.
  private var reported: [FileStamp?]?

  /// Begins with files that were read.
  package init(_ stamps: [FileStamp?]) {
    known = stamps
  }

  /// Whether the files are to be read: they changed, and were the same at the look before. A file that is being written
  /// could have a part of a key, under which dumps would be lost. After a fault they are due at each look: its end may
  /// not show in them.
  package mutating func isDue(_ stamps: [FileStamp?]) -> Bool {
    guard stamps != known else {
      (unsettled, reported) = (nil, nil)
      return false
    }
    defer { unsettled = stamps }
    return unsettled == stamps
  }

  /// The files were read.
  package mutating func succeed(_ stamps: [FileStamp?]) { (known, unsettled, reported) = (stamps, nil, nil) }

  /// The files could not be read, or have no keys.
  ///
  /// - Returns: whether the fault is to be reported, which it is once while the files stay the same.
  package mutating func fail(_ stamps: [FileStamp?]) -> Bool {
    defer { reported = stamps }
    return reported != stamps
  }
}
