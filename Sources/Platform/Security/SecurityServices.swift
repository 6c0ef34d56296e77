import HTTPAPI
import Model

/// The security settings' rules that the environment decides, and the dumps that they name.
package struct SecurityServices: Sendable {
  /// The value of `LOCAL_HOST_IP_BYPASS`, which locks the setting, or `nil` when it is not set.
  let lockedLocalhostBypass: Bool?
  /// The settings of a store that has none.
  let defaults: SecuritySettings.Defaults
  let dumps: any DumpPort

  init(lockedLocalhostBypass: Bool?, defaults: SecuritySettings.Defaults, dumps: any DumpPort) {
    self.lockedLocalhostBypass = lockedLocalhostBypass
    self.defaults = defaults
    self.dumps = dumps
  }

  /// The warnings about settings. A restored dump brings its own `dump_path`, which may be that of another machine.
  func warnings(_ settings: SecuritySettings) async -> [String] {
    guard let path = settings.dumpPath else { return settings.warnings }
    do {
      try await dumps.check(dumpPath: path)
      return settings.warnings
    } catch {
      return settings.warnings + ["dump_path is not used, dumps go where MEM_DUMP_PATH says: \(error.message)"]
    }
  }
}
