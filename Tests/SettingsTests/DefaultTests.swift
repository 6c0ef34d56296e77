import Settings
import Testing

@testable import GatehouseServer
@testable import Sidecar

@Suite("The default that a setting says")
struct DefaultTests {
  private static let gatewaySecrets = [
    "MEM_ENCRYPTION_KEY": "sealing-key-abc", "JWT_SECRET_KEY": "signing-key-def",
    "DOORMAN_ADMIN_PASSWORD": "admin-pass-ghi",
  ]
  private static let sidecarSecrets = [
    "MEM_ENCRYPTION_KEY": "sealing-key-abc", "SIDECAR_USERNAME": "sidecar", "SIDECAR_PASSWORD": "a-password",
  ]

  private func gateway(_ changes: [String: String]) throws -> Configuration {
    try Configuration.load(Self.gatewaySecrets.merging(changes) { $1 }, descriptors: 20_000) { _ in "" }
  }

  private func sidecar(_ changes: [String: String]) throws -> SidecarConfiguration {
    try SidecarConfiguration.load(Self.sidecarSecrets.merging(changes) { $1 }, logsIn: true) { _ in "" }
  }

  private func rendering(_ configuration: Configuration) -> [String] {
    [
      "\(configuration.isProduction) \(configuration.host) \(configuration.port) \(configuration.log)",
      "\(String(describing: configuration.drainGrace))",
      "\(configuration.memory.dumps.path) \(configuration.memory.autoSaveEnabled)",
      "\(configuration.memory.autoSaveFrequency) \(String(describing: configuration.memory.autoSaveMaximumAge))",
      "\(configuration.memory.allowsEmptyStart) \(configuration.memory.allowsOlderStart)",
      "\(configuration.memory.dumpFormat) \(String(describing: configuration.memory.journal))",
      "\(configuration.administrator) \(String(describing: configuration.sidecar)) \(configuration.connections)",
      "\(configuration.platform)", "\(configuration.gateway)", "\(String(describing: configuration.sideFile))",
    ]
  }

  @Test("is the one that the gateway uses: to set it changes nothing")
  func gatewayDefaults() throws {
    let expected = rendering(try gateway([:]))
    let settings = Configuration.settings.descriptions
    #expect(settings.filter { $0.defaultValue != nil }.count > 35)
    for setting in settings {
      guard let value = setting.defaultValue, !value.isEmpty else { continue }
      let changed = try gateway([setting.variable: value])
      #expect(rendering(changed) == expected, "\(setting.variable)=\(value)")
      let shown = try #require(
        changed.listing.table.split(separator: "\n").first { $0.hasPrefix("\(setting.variable) ") })
      #expect(shown.contains("  \(value)  ") && shown.hasSuffix("environment"), "\(shown)")
    }
  }

  @Test("is the one that the sidecar uses: to set it changes nothing")
  func sidecarDefaults() throws {
    let expected = "\(try sidecar([:]))"
    let (rules, others) = SidecarConfiguration.settings.descriptions.filter { $0.defaultValue != nil }
      .reduce(into: ([SettingDescription](), [SettingDescription]())) { parts, setting in
        if setting.variable.hasPrefix("KEEP_") { parts.0.append(setting) } else { parts.1.append(setting) }
      }
    #expect(rules.count == 7 && others.count >= 8)
    for setting in others {
      let changed = try sidecar([setting.variable: try #require(setting.defaultValue)])
      #expect("\(changed)" == expected, "\(setting.variable)")
    }
    // One rule alone switches the defaults of the others off.
    let all = Dictionary(uniqueKeysWithValues: rules.map { ($0.variable, $0.defaultValue ?? "") })
    #expect("\(try sidecar(all))" == expected)
  }

  private func faults(_ load: () throws -> Void) -> [ConfigurationFaults.Fault] {
    do {
      try load()
      return []
    } catch {
      return (error as? ConfigurationFaults)?.faults ?? []
    }
  }

  @Test("stands beside a range whose ends are taken, and beyond which is a fault")
  func ranges() {
    var count = 0
    for setting in Configuration.settings.descriptions {
      for value in setting.ends.taken {
        let faults = faults { _ = try gateway([setting.variable: value]) }
        // A rule over several settings, as for THREADS above 1, has a text of its own.
        let isDependent = ["MAX_CONNECTIONS", "MEM_AUTO_SAVE_MAX_AGE"].contains(setting.variable)
        #expect(isDependent || !faults.contains { $0.sentence.contains("it takes") }, "\(setting.variable)=\(value)")
      }
      for value in setting.ends.refused {
        count += 1
        let faults = faults { _ = try gateway([setting.variable: value]) }
        #expect(
          faults.contains { $0.name == setting.variable && $0.sentence.contains("it takes") }, "\(setting.variable)")
      }
    }
    for setting in SidecarConfiguration.settings.descriptions {
      for value in setting.ends.taken {
        let faults = faults { _ = try sidecar([setting.variable: value]) }
        #expect(!faults.contains { $0.sentence.contains("it takes") }, "\(setting.variable)=\(value)")
      }
      for value in setting.ends.refused {
        count += 1
        let faults = faults { _ = try sidecar([setting.variable: value]) }
        #expect(faults.map(\.name) == [setting.variable], "\(setting.variable)=\(value)")
      }
    }
    #expect(count > 40)
  }
}
