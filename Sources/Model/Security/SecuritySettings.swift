package import DocumentStore
package import JSON

/// The security settings: one document that sets the automatic dumps, the dump path and the addresses that may call.
package struct SecuritySettings: Sendable {
  /// The value of the field `type`, which tells the settings from other documents of their collection.
  package static let type = "security_settings"

  /// All fields of the document.
  package let document: JSONObject
  /// Whether dumps are written automatically.
  package let autoSaveEnabled: Bool
  /// Seconds between automatic dumps.
  package let autoSaveFrequency: Int
  /// The place of dumps, which counts only where it is the one of the environment.
  package let dumpPath: String?
  /// The addresses that may call.
  package let addresses: AddressPolicy

  private static let defaultFrequency = 900

  /// Decodes the document.
  package init(document: JSONObject) {
    self.document = document
    autoSaveEnabled = document["enable_auto_save"]?.bool == true
    autoSaveFrequency = max(60, document["auto_save_frequency_seconds"]?.number?.int ?? Self.defaultFrequency)
    dumpPath = document["dump_path"]?.string
    addresses = AddressPolicy(document)
  }

  /// The saved settings, over the defaults of the environment for fields that they do not have.
  package init(in reader: some DocumentReader, defaults: Defaults) {
    let saved = reader.first(in: Collections.settings, Self.filter)?.object
    self.init(document: saved.map { defaults.document.merging($0) } ?? defaults.document)
  }

  /// The document of the security settings.
  package static var filter: Filter { .fields(["type": type]) }
}

extension SecuritySettings {
  /// The settings of the environment, which a store without saved settings gets.
  package struct Defaults: Sendable {
    /// All fields of a new document.
    package let document: JSONObject

    /// - Parameter sideFile: settings of Doorman's side file, each of the right type. They go before those of the
    ///   environment.
    package init(
      enableAutoSave: Bool, autoSaveFrequencySeconds: Int, dumpPath: String, allowLocalhostBypass: Bool,
      sideFile: JSONObject = [:]
    ) {
      let environment: JSONObject = [
        "type": .string(SecuritySettings.type),
        "enable_auto_save": .bool(enableAutoSave),
        "auto_save_frequency_seconds": .integer(autoSaveFrequencySeconds),
        "dump_path": .string(dumpPath),
        "ip_whitelist": [],
        "ip_blacklist": [],
        "trust_x_forwarded_for": false,
        "xff_trusted_proxies": [],
        "allow_localhost_bypass": .bool(allowLocalhostBypass),
      ]
      document = JSONObject(environment.members.map { ($0.key, sideFile[$0.key] ?? $0.value) })
    }
  }
}

extension SecuritySettings {
  /// Sentences about settings that an operator should check.
  package var warnings: [String] {
    var warnings: [String] = []
    if addresses.trustsNoProxy {
      warnings.append("trust_x_forwarded_for is on, but xff_trusted_proxies is empty: the header counts from nobody")
    }
    // A restored dump may hold values that no request could have set. An unreadable value counts as off.
    for field in ["enable_auto_save", "trust_x_forwarded_for", "allow_localhost_bypass"] {
      guard let value = document[field], value.bool == nil else { continue }
      warnings.append("\(field) is neither true nor false and counts as false; set it")
    }
    if let value = document["auto_save_frequency_seconds"], value.number?.int != autoSaveFrequency {
      warnings.append(
        "auto_save_frequency_seconds is no whole number from 60; \(autoSaveFrequency) seconds count. Set it")
    }
    return warnings + addresses.faults.map { "\($0); it matches nobody" }
  }
}
