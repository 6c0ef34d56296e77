package import DumpFormat
package import Settings

extension DumpSettings {
  package var keyring: DumpKeyring {
    DumpKeyring(sealing: DumpKey(encryptionKey.reveal()), older: olderKeys.map { DumpKey($0.reveal()) })
  }
}

extension DumpLocation {
  package init(_ settings: DumpSettings, workingDirectory: String) throws(DumpDirectoryError) {
    try self.init(path: settings.path, workingDirectory: workingDirectory)
  }
}
