/// Where the dumps are and what seals them: the settings that both programs share.
package struct DumpSettings: Sendable {
  package let encryptionKey: Secret
  /// For opening only.
  package let olderKeys: [Secret]
  /// As given; relative to the working directory.
  package let path: String

  /// Reads `MEM_ENCRYPTION_KEY`, `MEM_ENCRYPTION_KEYS_OLD` and `MEM_DUMP_PATH`.
  ///
  /// - Parameter isProduction: asks for a longer key.
  /// - Returns: `nil` without a key; the reader then has the fault.
  package init?(_ reader: inout EnvironmentReader, isProduction: Bool) {
    let minimum = isProduction ? 32 : 8
    let key = reader.secret("MEM_ENCRYPTION_KEY", minimumLength: minimum)
    if key == nil, !reader.isSet("MEM_ENCRYPTION_KEY") {
      reader.fault(
        "MEM_ENCRYPTION_KEY",
        "is not set; dumps are sealed with it. Set one of at least \(minimum) characters and keep it: without it no dump opens"
      )
    }
    let older = reader.secret("MEM_ENCRYPTION_KEYS_OLD").map { list in
      list.reveal().utf8.split(separator: UInt8(ascii: ",")).map { key in
        Secret(String(decoding: key.drop { $0 == UInt8(ascii: " ") }, as: UTF8.self))
      }
    }
    if older?.contains(where: { $0.reveal().utf8.contains { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") } })
      == true
    {
      reader.fault("MEM_ENCRYPTION_KEYS_OLD", "has several lines; list whole keys on one line with commas between them")
    }
    if older?.contains(where: { $0.count < 8 }) == true {
      reader.fault(
        "MEM_ENCRYPTION_KEYS_OLD", "holds a key of less than 8 characters; list whole keys with commas between them")
    }
    path = reader.text("MEM_DUMP_PATH", default: "generated/memory_dump.bin")
    // Doorman takes the variable as it stands, and so sealed its dumps.
    let asItStands = reader.withLineEnds("MEM_ENCRYPTION_KEY").map { [Secret($0)] } ?? []
    olderKeys = (older ?? []) + asItStands
    guard let key else { return nil }
    encryptionKey = key
  }
}
