package import DumpFormat
package import Settings

extension DumpSettings {
  /// The keys of the settings: the newest one encrypts, all of them decrypt.
  package var keyring: DumpKeyring {
    DumpKeyring(sealing: DumpKey(encryptionKey.reveal()), older: olderKeys.map { DumpKey($0.reveal()) })
  }
}

extension KeyFiles.Keys {
  /// The keys of the files.
  package var keyring: DumpKeyring {
    DumpKeyring(sealing: DumpKey(encryptionKey.reveal()), older: olderKeys.map { DumpKey($0.reveal()) })
  }
}

extension DumpLocation {
  /// The dump directory of the settings. A relative path is resolved from the working directory.
  ///
  /// - Throws: `DumpDirectoryError` `outside` when the path is not usable.
  package init(_ settings: DumpSettings, workingDirectory: String) throws(DumpDirectoryError) {
    try self.init(path: settings.path, workingDirectory: workingDirectory)
  }
}
