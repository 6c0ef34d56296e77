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
      list.reveal().split(separator: ",").map { Secret(String($0.drop { $0 == " " })) }
    }
    if older?.contains(where: { $0.count < 8 }) == true {
      reader.fault(
        "MEM_ENCRYPTION_KEYS_OLD", "holds a key of less than 8 characters; list whole keys with commas between them")
    }
    path = reader.text("MEM_DUMP_PATH", default: "generated/memory_dump.bin")
    olderKeys = older ?? []
    guard let key else { return nil }
    encryptionKey = key
  }
}
