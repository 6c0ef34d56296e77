/// Where the dumps are and which keys encrypt and decrypt them: the settings that both programs share.
package struct DumpSettings: Sendable {
  /// The declarations of these settings.
  package struct Declarations: SettingGroup {
    package static let title = "Dumps"

    package let encryptionKey = SecretSetting(
      "MEM_ENCRYPTION_KEY", minimumLength: 8, inProduction: 32, absent: "required",
      flag: "--encryption-key-file <file>", "the key that encrypts dumps; without it no dump can be decrypted")
    package let olderKeys = SecretSetting(
      "MEM_ENCRYPTION_KEYS_OLD", absent: "none", takesEmptyFile: true, flag: "--encryption-keys-old-file <file>",
      "earlier keys with commas between them, for decryption only")
    package let path = Setting(
      "MEM_DUMP_PATH", .text("a path"), default: "generated/memory_dump.bin", flag: "--dump-path <path>",
      "the dump directory, or a file in it whose stem the dumps have")
  }

  /// The settings as they are declared.
  package static let declarations = Declarations()

  /// The key that encrypts dumps.
  package let encryptionKey: Secret
  /// Keys for decryption only.
  package let olderKeys: [Secret]
  /// The path as given; relative to the working directory.
  package let path: String
  /// The files that the keys come from.
  package let keyFiles: KeyFiles

  /// Reads `MEM_ENCRYPTION_KEY`, `MEM_ENCRYPTION_KEYS_OLD` and `MEM_DUMP_PATH`.
  ///
  /// - Parameter isProduction: asks for a longer key.
  /// - Returns: `nil` without a key; the reader then has the fault.
  package init?(_ reader: inout EnvironmentReader, isProduction: Bool) {
    let declared = Self.declarations
    keyFiles = KeyFiles(reader, isProduction: isProduction)
    let key = reader.secret(declared.encryptionKey, isProduction: isProduction)
    if key == nil, !reader.isSet(declared.encryptionKey) {
      let minimum = declared.encryptionKey.minimumLength(isProduction: isProduction)
      reader.fault(
        declared.encryptionKey,
        "is not set; dumps are encrypted with it. Set one of at least \(minimum) characters and keep it: without it no dump can be decrypted"
      )
    }
    let older = Self.olderKeys(&reader)
    path = reader.value(of: declared.path)
    // Doorman takes the variable as it stands, and so encrypted its dumps.
    let asItStands = reader.withLineEnds(declared.encryptionKey).map { [Secret($0)] } ?? []
    olderKeys = older + asItStands
    guard let key else { return nil }
    encryptionKey = key
  }

  private static func olderKeys(_ reader: inout EnvironmentReader) -> [Secret] {
    guard let list = reader.secret(declarations.olderKeys) else { return [] }
    let keys = list.reveal().utf8.split(separator: UInt8(ascii: ",")).map { key in
      Secret(String(decoding: key.drop { $0 == UInt8(ascii: " ") }, as: UTF8.self))
    }
    if keys.contains(where: { $0.reveal().utf8.contains { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") } }) {
      reader.fault(
        declarations.olderKeys, "has several lines; list whole keys on one line with commas between them")
    }
    let minimum = declarations.encryptionKey.minimumLength
    if keys.contains(where: { $0.count < minimum }) {
      reader.fault(
        declarations.olderKeys,
        "holds a key of less than \(minimum) characters; list whole keys with commas between them")
    }
    return keys
  }
}
