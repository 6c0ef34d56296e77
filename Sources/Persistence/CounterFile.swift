package import DumpDirectory
package import DumpFormat

/// The file beside the dumps that says what users have used of their limits. It is no part of the state: without it the
/// limits begin anew.
package struct CounterFile: Sendable {
  /// The largest file in bytes, for about 5,000,000 limits.
  private static let maximumSize = 256 << 20

  private let directory: DumpDirectory
  private let keys: CurrentKeyring

  /// The file of a dump directory.
  package init(_ directory: DumpDirectory, keys: CurrentKeyring) {
    self.directory = directory
    self.keys = keys
  }

  /// Replaces the content, as a whole or not at all. It is safe on the volume when this returns.
  ///
  /// - Throws: `DumpDirectoryError`, or `DumpFormatError` when it can't be encrypted.
  package func write(_ content: [UInt8]) throws {
    let sealed = try SealedBytes.seal(content, as: .counters, key: keys.present.sealing)
    try directory.writeSmallFile(directory.location.counterFile, sealed, replaces: true)
  }

  /// Reads the content.
  ///
  /// - Returns: `nil` when there is no file.
  /// - Throws: `DumpDirectoryError` when the file can't be read, `DumpFormatError` when it can't be decrypted.
  package func read() throws -> [UInt8]? {
    let sealed: [UInt8]
    do {
      sealed = try directory.readSmallFile(directory.location.counterFile, maximum: Self.maximumSize)
    } catch let error where error.code == .notFound {
      return nil
    }
    return try SealedBytes.open(sealed, as: .counters, in: keys.present)
  }
}
