import Foundation
import JSON
import TestSupport

/// Starts a sidecar, and stops it as soon as its log has some words.
func drained(
  _ gateway: FakeGateway, _ generated: URL, _ changes: [String: String] = [:], waitsFor words: String = "logged in"
) throws -> (code: Int32, receipt: JSONObject, log: String) {
  let sidecar = try SidecarProcess.start(dumps: generated, port: gateway.server.port, changes)
  try sidecar.waitForLog(words)
  let code = try sidecar.stop()
  return (code, try SidecarProcess.receipt(in: generated), sidecar.log)
}
