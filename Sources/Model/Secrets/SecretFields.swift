package import JSON

/// Fields whose values no report shows. A report may say that such a field changed.
///
/// Documents have fields that this program does not know, such as those of Doorman and the attributes that clients add.
/// So the words of a field's name decide, and rather too many fields are hidden than too few.
package enum SecretFields {
  /// Whether the value at a path is a secret.
  ///
  /// - Parameters:
  ///   - path: the keys from the document's top to the value.
  ///   - value: true, false and null are secrets only inside of a field that is one.
  package static func hides(_ value: JSONValue, at path: [String], in collection: String) -> Bool {
    guard let field = path.first, let last = path.last else { return false }
    if isPublic(field, in: collection) { return path.count > 1 && path.dropFirst().contains(where: isSecretName) }
    if isSecret(field, in: collection) || path.dropLast().contains(where: isSecretName) { return true }
    switch value {
    case .null, .bool: return false
    case .number, .string, .array, .object: return isSecretName(last)
    }
  }

  /// Fields whose names have a word for secrets although their values are none: names of documents and of headers.
  private static let publicFields: [(collection: String, field: String)] = [
    (Collections.routings, "client_key"), (Collections.apis, "api_authorization_field_swap"),
    ("credit_defs", "api_key_header"),
  ]

  /// Fields of Doorman's vault that are no secrets. All others are.
  private static let vault = "vault_entries"
  private static let publicFieldsOfVault = ["_id", "username", "key_name", "created_at", "updated_at"]

  private static func isPublic(_ field: String, in collection: String) -> Bool {
    if collection.hasSameBytes(as: vault) { return publicFieldsOfVault.containsBytes(of: field) }
    return publicFields.contains { $0.collection.hasSameBytes(as: collection) && $0.field.hasSameBytes(as: field) }
  }

  private static func isSecret(_ field: String, in collection: String) -> Bool {
    collection.hasSameBytes(as: vault)
      || collection.hasSameBytes(as: Collections.apis) && field.hasSameBytes(as: "api_ws_security")
  }

  /// Whether a name has a word that stands for a secret.
  static func isSecretName(_ name: String) -> Bool {
    let small = name.asciiLowercased
    return parts.contains { small.utf8.firstRange(of: $0.utf8) != nil }
      || words(of: name).contains { words.contains(UTF8Key($0)) }
  }

  /// Letters that show a secret anywhere in a name.
  private static let parts = [
    "password", "passwd", "passphrase", "passwort", "kennwort", "secret", "geheim", "token", "credential", "apikey",
    "privatekey", "encrypted", "bearer",
  ]

  /// Words that show a secret where they stand alone in a name.
  private static let words = Set(
    [
      "pass", "pwd", "pin", "otp", "totp", "mfa", "key", "keys", "hash", "hashes", "hashed", "salt", "jwt", "jti",
      "authorization", "cookie", "cookies", "session", "signature", "pem", "schluessel", "schlüssel",
    ].map(UTF8Key.init))

  /// The words of `api_key`, `apiKey` and `api-key`: `api` and `key`. Letters beyond ASCII belong to words.
  private static func words(of name: String) -> [String] {
    var words: [[UInt8]] = [[]]
    var wasSmall = false
    for byte in name.utf8 {
      let isCapital = UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
      let isSmall = UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || byte >= 0x80
      let isLetter = isCapital || isSmall
      if !isLetter || isCapital && wasSmall { words.append([]) }
      if isLetter { words[words.count - 1].append(isCapital ? byte | 0x20 : byte) }
      wasSmall = isSmall
    }
    return words.map { String(decoding: $0, as: UTF8.self) }
  }
}
