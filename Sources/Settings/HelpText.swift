/// Layout of what `--help` prints.
package enum HelpText {
  /// Columns of a line. swift-argument-parser breaks longer lines at 80 columns itself, without their indent.
  package static let width = 76

  /// A text in lines of at most `width` columns, each with spaces before it.
  package static func indented(_ text: String, by indent: Int) -> String {
    var lines: [String] = []
    for word in text.split(separator: " ") {
      if let last = lines.last, indent + last.count + 1 + word.count <= width {
        lines[lines.count - 1] = "\(last) \(word)"
      } else {
        lines.append(String(word))
      }
    }
    return lines.map { String(repeating: " ", count: indent) + $0 }.joined(separator: "\n")
  }

  /// Names and what they mean in two columns.
  ///
  /// - Parameter column: where the second column begins; longer names have theirs on the next line.
  package static func table(_ rows: [(name: String, meaning: String)], column: Int = 26) -> String {
    rows.map { row in
      let meaning = indented(row.meaning, by: column)
      let name = "  \(row.name)"
      guard name.count < column else { return "\(name)\n\(meaning)" }
      return name + meaning.dropFirst(name.count)
    }.joined(separator: "\n")
  }
}
