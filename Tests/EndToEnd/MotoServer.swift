import Foundation
import Glibc
import TestSupport

/// A real S3 server process (moto) on a port that the system chooses.
final class MotoServer {
  struct Credentials: Sendable {
    let accessKey, secretKey, token: String
  }

  let port: Int
  private let process = ChildProcess()
  private let logFile: URL

  /// - Parameter checksAfter: the number of requests after which every request must be signed and allowed, or `nil` for
  ///   never.
  init(in directory: URL, checksAfter: Int? = nil) throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let own = root.appending(path: ".build-python/bin/moto_server").path()
    logFile = directory.appending(path: "moto-log-\(UUID().uuidString)")
    _ = FileManager.default.createFile(atPath: logFile.path(), contents: nil)
    let log = try FileHandle(forWritingTo: logFile)
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [access(own, X_OK) == 0 ? own : "moto_server", "-H", "127.0.0.1", "-p", "0"]
    var environment = ProcessInfo.processInfo.environment
    environment["INITIAL_NO_AUTH_ACTION_COUNT"] = checksAfter.map { "\($0)" }
    process.environment = environment
    process.standardOutput = log
    process.standardError = log
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let (process, logFile) = (process, logFile)
    let found = eventually(within: .seconds(60)) { () -> Int? in
      guard process.isRunning else { return -1 }
      let text = (try? String(contentsOf: logFile, encoding: .utf8)) ?? ""
      return text.firstMatch(of: /Running on http:\/\/127\.0\.0\.1:([0-9]+)/).flatMap { Int($0.output.1) }
    }
    guard let found, found > 0 else {
      throw HTTPFailure(description: "moto_server does not start; scripts/setup --test installs it")
    }
    port = found
  }

  deinit {
    kill(process.processIdentifier, SIGKILL)
  }

  var url: String { "http://127.0.0.1:\(port)" }

  /// Sends one request as some AWS service, without a valid signature.
  @discardableResult
  func call(
    _ service: String, _ method: String, _ path: String, headers: [String: String] = [:], body: String = ""
  ) throws -> HTTPAnswer {
    let host = service == "s3" ? "127.0.0.1:\(port)" : "\(service).amazonaws.com"
    let scope = "x/20260101/us-east-1/\(service)/aws4_request"
    var head = "\(method) \(path) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n"
    head += "Authorization: AWS4-HMAC-SHA256 Credential=\(scope), SignedHeaders=host, Signature=0\r\n"
    head += "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: \(body.utf8.count)\r\n"
    for (name, value) in headers { head += "\(name): \(value)\r\n" }
    let connection = try HTTPConnection(port: port)
    try connection.send(head + "\r\n" + body)
    return try connection.receive()
  }

  /// Creates a role with all rights in S3, and credentials for it. This takes three requests.
  func assumeRole() throws -> Credentials {
    let policy =
      "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3A*%22%2C%22Resource%22%3A%22*%22%7D%5D%7D"
    try call(
      "iam", "POST", "/",
      body: "Action=CreateRole&Version=2010-05-08&RoleName=task&AssumeRolePolicyDocument=\(policy)")
    try call(
      "iam", "POST", "/",
      body: "Action=PutRolePolicy&Version=2010-05-08&RoleName=task&PolicyName=p&PolicyDocument=\(policy)")
    let answer = try call(
      "sts", "POST", "/",
      body:
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Ftask&RoleSessionName=s"
    ).text
    let element = { (name: String) -> String in
      let parts = answer.components(separatedBy: "<\(name)>")
      return parts.count > 1 ? parts[1].components(separatedBy: "</")[0] : ""
    }
    return Credentials(
      accessKey: element("AccessKeyId"), secretKey: element("SecretAccessKey"), token: element("SessionToken"))
  }
}
