import Foundation
import TestSupport
import Testing

@Suite("The first steps of a reader", .serialized)
struct GettingStartedTests {
  @Test("in getting-started.md give what the page says: neither a stop nor a crash loses a change")
  func gettingStarted() async throws {
    let fences = try Walkthrough.fences(of: "docs/getting-started.md", until: "## With Docker")
    #expect(fences.count { $0.text == "scripts/run\n" } == 3)
    try await withTemporaryDirectory { (directory: URL) async throws in
      var reader = try Walkthrough(in: directory)
      try reader.follow(fences)
    }
  }

  @Test("in the README give what it says")
  func readme() async throws {
    let fences = try Walkthrough.fences(of: "README.md")
    #expect(fences.count { $0.text == "scripts/run\n" } == 2)
    try await withTemporaryDirectory { (directory: URL) async throws in
      var reader = try Walkthrough(in: directory)
      try reader.follow(fences)
    }
  }

  @Test("with Docker keep the API over a stop")
  func docker() async throws {
    let before = try Walkthrough.fences(of: "docs/getting-started.md", until: "## With Docker").count
    let after = try Walkthrough.fences(of: "docs/getting-started.md").dropFirst(before).map(\.text)
    try #require(after.count == 2)
    try await withTemporaryDirectory { (directory: URL) async throws in
      let reader = try Walkthrough(in: directory)
      let standIn = Walkthrough.repository.appending(path: "Tests/EndToEnd/Fixtures/ComposeStandIn")
      let stack = reader.root.appending(path: "stack")
      try FileManager.default.copyItem(at: standIn, to: stack)
      let maker = "\(reader.root.path())/scripts/make-env"
      let programs = ProgramProcess.executable("gatehouse").deletingLastPathComponent().path()
      let result = try reader.run(
        """
        cd stack
        mkdir -p compose/generated
        echo PORT=\(reader.port) >compose/.env
        '\(maker)' compose/.env
        PATH=$PWD/bin:\(programs):$PATH
        trap 'cd "\(stack.path())/compose" && docker compose stop' EXIT
        \(after[0])
        """)
      #expect(result.status == 0 && result.output.contains(after[1]), "\(result.output)")
    }
  }

  @Test("install both programs into a prefix, from where they run")
  func install() async throws {
    try await withTemporaryDirectory { (directory: URL) async throws in
      let reader = try Walkthrough(in: directory)
      let result = try reader.run(
        """
        mkdir elsewhere
        cd elsewhere
        ../scripts/install --debug prefix
        PATH=$PWD/prefix/bin:$PATH
        type -p gatehouse gatehouse-sidecar
        gatehouse --version
        gatehouse-sidecar --help >help
        """)
      #expect(result.status == 0, "\(result.output)")
      let programs = "\(reader.root.path())/elsewhere/prefix/bin/gatehouse".replacing("//", with: "/")
      #expect(result.output.contains("\n\(programs)\n\(programs)-sidecar\n0."), "\(result.output)")
      #expect(try reader.run("scripts/install --unknown").status == 64)
    }
  }
}
