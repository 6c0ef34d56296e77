/// The rules that a new password follows.
package enum PasswordRule {
  /// The least number of characters.
  package static let minimumLength = 16
  /// The characters of which a password needs one.
  package static let symbols = "!@#$%^&*()-_=+[]{};:,.<>?/"
  /// The rules in words.
  package static let sentence =
    "The password must have at least \(minimumLength) characters with an upper case letter, a lower case letter, "
    + "a digit and one of \(symbols)"

  /// The number of bytes in UTF-8 that bcrypt takes of a password. Bytes beyond them would not count.
  package static let maximumBytes = 72

  /// The reason why no hash can stand for a password, as the rest of a sentence, or `nil` when one can.
  package static func fault(in password: String) -> String? {
    if password.utf8.contains(0) { return "holds a NUL character, which no password can" }
    guard password.utf8.count > maximumBytes else { return nil }
    return
      "has \(password.utf8.count) bytes in UTF-8; it may have at most \(maximumBytes), since its hash would not tell what comes behind them"
  }

  /// Whether a password follows the rules.
  package static func holds(_ password: String) -> Bool {
    password.unicodeScalars.count >= minimumLength
      && password.contains { $0.isUppercase }
      && password.contains { $0.isLowercase }
      && password.contains { $0.isNumber }
      && password.contains { symbols.contains($0) }
  }
}
