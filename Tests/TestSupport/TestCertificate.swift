package import Foundation

/// A certificate for `localhost` that `openssl` makes, and its key.
package struct TestCertificate {
  /// The certificate.
  package let chain: URL
  /// The key.
  package let key: URL

  /// Makes both files, and replaces those of the same name.
  ///
  /// - Parameter name: the common name, and the beginning of the files' names.
  package init(_ name: String, in directory: URL) throws {
    (chain, key) = (directory.appending(path: "\(name).crt"), directory.appending(path: "\(name).key"))
    let made = try ToolRun(
      "openssl",
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
        "/CN=\(name)", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", chain.path(), "-keyout",
        key.path(),
      ])
    guard made.code == 0 else { throw HTTPFailure(description: "openssl made no certificate: \(made.output)") }
  }

  /// The settings of a gateway that uses it.
  package var settings: [String: String] { ["SSL_CERTFILE": chain.path(), "SSL_KEYFILE": key.path()] }
}

/// A program of the system that ran to its end.
package struct ToolRun {
  /// The exit code.
  package let code: Int32
  /// Everything that it printed.
  package let output: String

  /// Runs a program that is found in `PATH`, with nothing on its standard input.
  package init(_ program: String, _ arguments: [String]) throws {
    let process = ChildProcess()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [program] + arguments
    process.standardInput = FileHandle.nullDevice
    let pipe = Pipe()
    (process.standardOutput, process.standardError) = (pipe, pipe)
    try process.run()
    output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    code = process.terminationStatus
  }
}
