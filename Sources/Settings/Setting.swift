/// A setting of a program: an environment variable with a default, the values that it takes, and a sentence on it.
package struct Setting<Value: Sendable>: DeclaredSetting {
  /// The setting in words.
  package let description: SettingDescription
  /// How its text becomes a value.
  package let kind: SettingKind<Value>
  /// The value where the variable is not set. What help and documentation say is written from it.
  package let standard: Value

  /// Declares a setting.
  ///
  /// - Parameters:
  ///   - olderVariable: another variable that counts where the first one is not set.
  ///   - shown: the default in words, where its text alone does not say it: `5 if no rule is set`.
  ///   - flag: the option that sets it, with the word that stands for the value in help: `--keep-last N`.
  ///   - sentence: what the setting does, as words that follow its name.
  package init(
    _ variable: String, olderVariable: String? = nil, _ kind: SettingKind<Value>, default standard: Value,
    shown: String? = nil, flag: String? = nil, _ sentence: String
  ) {
    self.kind = kind
    self.standard = standard
    description = SettingDescription(
      variable: variable, olderVariable: olderVariable, flag: flag,
      standard: shown ?? kind.write(standard), defaultValue: kind.write(standard), takes: kind.takes,
      sentence: sentence, ends: kind.ends)
  }

  private init(_ description: SettingDescription, _ kind: SettingKind<Value>, _ standard: Value) {
    self.description = description
    self.kind = kind
    self.standard = standard
  }

  /// The same setting with the values and the default that follow from other settings.
  package func with(_ kind: SettingKind<Value>, default standard: Value) -> Setting {
    Setting(description, kind, standard)
  }
}

/// A setting without a default value: while it is not set, something is off or follows from other settings.
package struct OptionalSetting<Value: Sendable>: DeclaredSetting {
  /// The setting in words.
  package let description: SettingDescription
  /// How its text becomes a value.
  package let kind: SettingKind<Value>

  /// Declares a setting. The other parameters are those of `Setting`.
  ///
  /// - Parameter absent: what holds while it is not set, as `off`.
  package init(
    _ variable: String, olderVariable: String? = nil, _ kind: SettingKind<Value>, absent: String = "not set",
    flag: String? = nil, _ sentence: String
  ) {
    self.kind = kind
    description = SettingDescription(
      variable: variable, olderVariable: olderVariable, flag: flag, standard: absent, takes: kind.takes,
      sentence: sentence, ends: kind.ends)
  }

  private init(_ description: SettingDescription, _ kind: SettingKind<Value>) {
    self.description = description
    self.kind = kind
  }

  /// The same setting with the values that follow from other settings.
  package func with(_ kind: SettingKind<Value>) -> OptionalSetting { OptionalSetting(description, kind) }
}

/// A setting that is a secret: it comes from its variable, or from the file that `NAME_FILE` names.
package struct SecretSetting: DeclaredSetting {
  /// The setting in words.
  package let description: SettingDescription
  /// Characters.
  package let minimumLength: Int
  /// Characters with `ENV=production`.
  package let minimumLengthInProduction: Int
  /// Whether an empty file counts as a secret that is not set. Otherwise it is a fault.
  package let takesEmptyFile: Bool

  /// Declares a secret. The other parameters are those of `Setting`.
  ///
  /// - Parameters:
  ///   - absent: what holds while it is not set, as `required`.
  ///   - takesEmptyFile: whether an empty file counts as a secret that is not set.
  ///   - flag: the option that names its file. A secret itself has none, since the list of processes shows options.
  package init(
    _ variable: String, minimumLength: Int = 1, inProduction: Int? = nil, absent: String = "not set",
    takesEmptyFile: Bool = false, flag: String? = nil, _ sentence: String
  ) {
    self.minimumLength = minimumLength
    self.takesEmptyFile = takesEmptyFile
    minimumLengthInProduction = inProduction ?? minimumLength
    let production =
      minimumLengthInProduction > minimumLength ? ", \(minimumLengthInProduction) with ENV=production" : ""
    let length =
      minimumLengthInProduction > 1
      ? " of at least \(minimumLength) character\(minimumLength == 1 ? "" : "s")\(production)" : ""
    description = SettingDescription(
      variable: variable, flag: flag, standard: absent,
      takes: "a secret\(length)", sentence: sentence, isSecret: true)
  }

  /// Characters that the secret needs.
  package func minimumLength(isProduction: Bool) -> Int { isProduction ? minimumLengthInProduction : minimumLength }
}

/// A setting of any type of value.
package protocol DeclaredSetting: Sendable {
  /// The setting in words.
  var description: SettingDescription { get }
}
