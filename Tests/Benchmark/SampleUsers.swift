import JSON

/// Users in the form in which Doorman stores them, about 700 bytes of JSON each.
struct SampleUsers {
  let count: Int

  static func name(_ number: Int) -> String { "user\(number)" }

  static func bytes(_ number: Int) -> [UInt8] {
    Array(text(number, username: "\"\(name(number))\"", attributes: "").utf8)
  }

  /// - Parameters:
  ///   - username: the JSON spelling of the name, with its quotes.
  ///   - attributes: the JSON spelling of further attributes, each followed by a comma.
  private static func text(_ number: Int, username: String, attributes: String) -> String {
    // The text is written directly, because building a million values would take longer than the measured work.
    let name = name(number)
    let digits = String(number)
    let id = String(repeating: "0", count: max(0, 12 - digits.count)) + digits
    return
      #"{"username":\#(username),"email":"\#(name)@example.com","password":{"__type__":"bytes","data":"JDJiJDEy\#(hash(number))"},"role":"developer","groups":["ALL","team\#(number % 100)"],"rate_limit_duration":100,"rate_limit_duration_type":"minute","rate_limit_enabled":true,"throttle_duration":10,"throttle_duration_type":"second","throttle_wait_duration":1,"throttle_wait_duration_type":"second","throttle_queue_limit":10,"throttle_enabled":null,"custom_attributes":{\#(attributes)"team":"team\#(number % 100)"},"bandwidth_limit_bytes":null,"bandwidth_limit_window":"day","bandwidth_limit_enabled":null,"active":true,"ui_access":false,"_id":"d778f372-e65b-4221-9c85-\#(id)"}"#
  }

  /// Text that no compression shortens much, as the hash of each user's password is another one: 72 characters.
  private static func hash(_ number: Int) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var state = UInt64(truncatingIfNeeded: number) &* 0x9E37_79B9_7F4A_7C15 | 1
    let characters = (0..<72).map { _ in
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return alphabet[Int(state >> 58)]
    }
    return String(decoding: characters, as: UTF8.self)
  }

  /// The same users with some text in them, which has about the same number of characters in each spelling.
  static func bytes(_ number: Int, _ text: SampleText) -> [UInt8] {
    let name = text.spelled(text.name(number))
    let attributes = #""name":\#(name),"about":\#(text.spelled(text.about)),"#
    let user = self.text(number, username: name, attributes: attributes)
    // The text itself contains none of these.
    return Array((text == .spaced ? user.replacing(",\"", with: ", \"").replacing("\":", with: "\": ") : user).utf8)
  }
}

/// The non-ASCII text of sample users, and the program whose spelling it has.
enum SampleText: String, CaseIterable {
  case plain = "plain ASCII"
  case spaced = "plain ASCII, spaces behind commas and colons"
  case quoted = "quotes, newlines, tabs"
  case unicode = "umlauts and emoji, as Gatehouse spells them"
  case escapedUnicode = "umlauts and emoji, as Doorman spells them"
  case escapedCyrillic = "Cyrillic, as Doorman spells it"

  func name(_ number: Int) -> String {
    switch self {
    case .plain, .spaced: "Juergen Mueller \(number)"
    case .quoted: "Juergen \"Mueller\" \(number)"
    case .unicode, .escapedUnicode: "Jürgen Müller \(number) 😀"
    case .escapedCyrillic: "Юрий Мельников \(number)"
    }
  }

  var about: String {
    switch self {
    case .plain, .spaced:
      "Zustaendig fuer die Schluessel, die Uebergabe um 8 Uhr, und alles, was uebrig ist. * Tel. 7 -- Tuer 12 -- Gruesse!"
    case .quoted:
      "Zustaendig fuer die \"Schluessel\",\n\tdie \"Uebergabe\" um 8 Uhr,\n\tund alles, was \"uebrig\" ist.\n\t* Tel. 7\n\t* Tuer 12"
    case .unicode, .escapedUnicode:
      "Zuständig für die Schlüssel 🔑, die Übergabe um 8 Uhr 🕗, und alles, was übrig ist. ☎ Tel. 7 – Tür 12 – Grüße aus Köln! 👋"
    case .escapedCyrillic:
      "Отвечает за ключи, за передачу смены в 8 часов и за всё, что осталось. Телефон 7, дверь 12. С приветом из Кёльна!"
    }
  }

  /// The text as a JSON string.
  func spelled(_ text: String) -> String {
    let compact = JSONWriter.text(.string(text))
    guard self == .escapedUnicode || self == .escapedCyrillic else { return compact }
    return compact.utf16.map { unit in
      unit < 0x80 ? String(UnicodeScalar(UInt8(unit))) : "\\u" + String(0x10000 + Int(unit), radix: 16).dropFirst()
    }.joined()
  }
}
