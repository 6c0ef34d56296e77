import JSON

/// Reads declared settings one by one, remembers what is in effect and gathers what is wrong.
///
/// An empty variable counts as not set. Line ends at the end of a value are cut, since files and tools of Windows leave
/// them there. Every secret can also come as `NAME_FILE`.
package struct EnvironmentReader {
  /// A variable as it is in effect.
  struct Entry: Sendable {
    enum Source: String, Sendable {
      case `default`
      case environment
      case file
    }

    let name: String
    /// Secrets by their length only.
    let value: String
    let source: Source
  }

  private let environment: [String: String]
  private let readFile: (String) throws -> String
  private(set) var entries: [Entry] = []
  /// The faults so far.
  package private(set) var faults: [ConfigurationFaults.Fault] = []

  /// The settings in effect so far.
  package var listing: EffectiveSettings { EffectiveSettings(entries) }

  /// - Parameter readFile: reads a secret's file by its path.
  package init(_ environment: [String: String], readFile: @escaping (String) throws -> String) {
    self.environment = environment
    self.readFile = readFile
  }

  /// Notes what is wrong with a setting.
  package mutating func fault(_ setting: some DeclaredSetting, _ sentence: String) {
    fault(name(of: setting), sentence)
  }

  private mutating func fault(_ name: String, _ sentence: String) {
    faults.append(ConfigurationFaults.Fault(name: name, sentence: sentence))
  }

  /// The value of a setting: the default where it is not set, and where it has a fault.
  package mutating func value<Value>(of setting: Setting<Value>) -> Value {
    let text = setting.kind.write(setting.standard)
    return given(setting, absent: text.isEmpty ? "none" : text) ?? setting.standard
  }

  /// The value of a setting; `nil` where it is not set, and where it has a fault.
  package mutating func value<Value>(of setting: OptionalSetting<Value>) -> Value? {
    read(name(of: setting), setting.kind, absent: setting.description.standard)
  }

  /// The value that the environment gives; `nil` without one, and where it has a fault.
  ///
  /// - Parameter absent: what the listing shows when the variable is not set.
  package mutating func given<Value>(_ setting: Setting<Value>, absent: String) -> Value? {
    read(name(of: setting), setting.kind, absent: absent)
  }

  private mutating func read<Value>(_ name: String, _ kind: SettingKind<Value>, absent: String) -> Value? {
    guard let raw = raw(name) else {
      record(name, absent, .default)
      return nil
    }
    if kind.reading == .whole { checkBytes(of: name) }
    let text = kind.reading == .whole ? raw : withoutBlanks(raw)
    do throws(SettingKind<Value>.Refusal) {
      let value = try kind.parse(text)
      // A list is shown as it was read.
      let shown = value is [String] ? kind.write(value) : text
      record(name, shown.isEmpty ? "none" : shown, .environment)
      return value
    } catch {
      fault(name, error.sentence)
      return nil
    }
  }

  /// A secret from its variable or from the file that `NAME_FILE` names.
  ///
  /// - Parameter isProduction: whether `ENV=production` asks for a longer one.
  package mutating func secret(_ setting: SecretSetting, isProduction: Bool = false) -> Secret? {
    let name = setting.description.variable
    let fileName = Self.fileName(of: name)
    let value = raw(name)
    let path = raw(fileName)
    if value != nil && path != nil {
      fault(name, "is set together with \(fileName); keep one of both")
      return nil
    }
    var found = value
    if let path {
      checkBytes(of: fileName)
      do {
        found = try SecretFile.text(from: Array(try readFile(path).utf8))
      } catch let error as SecretFile.Fault where error.isOfEmptyFile && setting.takesEmptyFile {
        found = nil
      } catch let error as SecretFile.Fault {
        fault(fileName, "names the file '\(path)', which \(error)")
        return nil
      } catch {
        fault(
          fileName,
          "names the file '\(path)', which can't be read; check that it exists and that the gateway's user may read it")
        return nil
      }
    }
    guard let found else {
      record(name, "not set", .default)
      return nil
    }
    if path == nil { checkBytes(of: name) }
    let secret = Secret(found)
    record(name, "set (\(secret.count) characters)", path == nil ? .environment : .file)
    let minimum = setting.minimumLength(isProduction: isProduction)
    guard secret.count >= minimum else {
      fault(name, "has \(secret.count) characters; it needs at least \(minimum). A good one: openssl rand -base64 32")
      return nil
    }
    return secret
  }

  /// Whether the variable of a setting, or its `_FILE`, is set at all.
  package func isSet(_ setting: some DeclaredSetting) -> Bool {
    let name = name(of: setting)
    return raw(name) != nil || raw(Self.fileName(of: name)) != nil
  }

  /// The variable of a setting that counts: the older one only where it alone is set.
  package func name(of setting: some DeclaredSetting) -> String {
    let variable = setting.description.variable
    guard let older = setting.description.olderVariable, raw(variable) == nil, raw(older) != nil else {
      return variable
    }
    return older
  }

  private mutating func record(_ name: String, _ value: String, _ source: Entry.Source) {
    entries.append(Entry(name: name, value: value, source: source))
  }

  private func raw(_ name: String) -> String? {
    environment[name].flatMap { value in
      let text = LineEnds.cut(value.utf8)
      return text.isEmpty ? nil : String(decoding: text, as: UTF8.self)
    }
  }

  /// The variables of some secrets as they stand, with those that name their files.
  func variables(of settings: [SecretSetting]) -> [String: String] {
    let names = settings.map(\.description.variable).flatMap { [$0, Self.fileName(of: $0)] }
    return environment.filter { variable in names.contains { $0.hasSameBytes(as: variable.key) } }
  }

  /// The path of a secret's file, or `nil` where the variable has the secret itself, or nothing has it.
  func path(of setting: SecretSetting) -> String? { raw(Self.fileName(of: setting.description.variable)) }

  private static func fileName(of variable: String) -> String { "\(variable)_FILE" }

  /// A variable with the line ends at its end; `nil` where it has none.
  func withLineEnds(_ setting: SecretSetting) -> String? {
    let name = setting.description.variable
    guard let value = environment[name], let text = raw(name), value.utf8.count > text.utf8.count else { return nil }
    return value
  }

  /// Bytes that are not UTF-8 have become U+FFFD, so that different values would be one.
  private mutating func checkBytes(of name: String) {
    guard let value = raw(name) else { return }
    if value.unicodeScalars.first == "\u{FEFF}" {
      fault(name, "begins with a byte order mark; set it without one")
    } else if value.unicodeScalars.contains("\u{FFFD}") {
      fault(name, "is not valid UTF-8; set it to UTF-8 text")
    }
  }
}
