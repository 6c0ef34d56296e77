/// A setting in words. Help, documentation and the checks of both are made from it.
package struct SettingDescription: Sendable {
  /// Values at the ends of a range, for tests.
  package struct Ends: Sendable {
    /// The least and the greatest value that are taken.
    package var taken: [String] = []
    /// The nearest values that are refused.
    package var refused: [String] = []

    /// The values at the ends of a range.
    package init(taken: [String] = [], refused: [String] = []) {
      self.taken = taken
      self.refused = refused
    }
  }

  /// The environment variable.
  package let variable: String
  /// Another variable that counts where the first one is not set.
  package let olderVariable: String?
  /// The option that sets it, with the word that stands for its value: `--keep-last N`.
  package let flag: String?
  /// The default in words: its text, or what holds without a value.
  package let standard: String
  /// The default as the variable would give it; `nil` for a setting without one.
  package let defaultValue: String?
  /// The values that it takes, as words behind "it takes".
  package let takes: String
  /// The effect of the setting.
  package let sentence: String
  /// Whether it can come from a file and is shown by its length only.
  package let isSecret: Bool
  /// The ends of its range; empty where it has none.
  package let ends: Ends

  init(
    variable: String, olderVariable: String? = nil, flag: String?, standard: String, defaultValue: String? = nil,
    takes: String, sentence: String, isSecret: Bool = false, ends: Ends = Ends()
  ) {
    self.variable = variable
    self.olderVariable = olderVariable
    self.flag = flag
    self.standard = standard
    self.defaultValue = defaultValue
    self.takes = takes
    self.sentence = sentence
    self.isSecret = isSecret
    self.ends = ends
  }

  /// The option without the word for its value: `--keep-last`.
  package var flagName: String? { flag.map { String($0.prefix { $0 != " " }) } }

  /// The variable that the option sets: for a secret that of its file.
  package var flagVariable: String { isSecret ? "\(variable)_FILE" : variable }

  /// Lines of `--help` for a program that has options for its settings; `nil` for a setting without an option.
  package var helpWithFlag: String? {
    flag.map { Self.lines("\($0)  [\(flagVariable); default: \(standard)]", sentence, takes) }
  }

  /// Lines of `--help` for a program that has only variables.
  package var help: String { Self.lines("\(variable)  [default: \(standard)]", sentence, takes) }

  private static func lines(_ heading: String, _ sentence: String, _ takes: String) -> String {
    "  \(heading)\n" + HelpText.indented("\(sentence) (\(takes))", by: 6)
  }

  /// Its row in the table of the documentation: variable, default, values, meaning.
  package var documentationRow: String {
    let older = olderVariable.map { " (older: `\($0)`)" } ?? ""
    let shown = standard == defaultValue ? "`\(standard)`" : standard
    return "| `\(variable)`\(older)\(isSecret ? " *" : "") | \(shown) | \(takes) | \(sentence) |"
  }
}

/// Settings that belong together. Each stored property is a setting or a group of settings; there is no other list of
/// them.
package protocol SettingGroup: Sendable {
  /// The heading in the documentation and in help.
  static var title: String { get }
}

extension SettingGroup {
  /// Every setting of the group, in the order in which they are declared.
  package var descriptions: [SettingDescription] {
    Mirror(reflecting: self).children.flatMap { child -> [SettingDescription] in
      if let setting = child.value as? any DeclaredSetting { return [setting.description] }
      if let group = child.value as? any SettingGroup { return group.descriptions }
      return []
    }
  }

  /// The groups in it, each with its heading.
  package var sections: [(title: String, settings: [SettingDescription])] {
    Mirror(reflecting: self).children.compactMap { child in
      (child.value as? any SettingGroup).map { (type(of: $0).title, $0.descriptions) }
    }
  }
}
