"""Executes a notebook in its folder and writes its outputs: execute-notebook.py NOTEBOOK OUTPUT SECONDS.

Deno's kernel sends output after it reports that a cell is complete, and clients that stop there lose it. Each cell is therefore
followed by one that prints a mark, and what comes before the mark is output of the cell.
"""

import sys
import time
from pathlib import Path

import nbformat
from jupyter_client.manager import KernelManager
from nbformat.v4 import output_from_msg

MARK = "end of cell"
OUTPUTS = {"stream", "display_data", "execute_result", "error"}


class Kernel:
    def __init__(self, folder, seconds):
        self.seconds = seconds
        self.manager = KernelManager(kernel_name="deno")
        self.manager.start_kernel(cwd=str(folder))
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=seconds)

    def execute(self, code, number):
        """Returns the outputs of a cell."""
        self.client.execute(code)
        self.client.execute(f"console.log({MARK!r}, {number})", store_history=False)
        outputs = []
        deadline = time.monotonic() + self.seconds
        while time.monotonic() < deadline:
            message = self.client.get_iopub_msg(timeout=self.seconds)
            if message["msg_type"] not in OUTPUTS:
                continue
            output = output_from_msg(message)
            if output.output_type == "stream" and output.text.strip() == f"{MARK} {number}":
                return outputs
            add(outputs, output, number)
        raise TimeoutError(f"Cell {number} did not complete within {self.seconds} s.")

    def stop(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def add(outputs, output, number):
    """Adds an output; lines of one stream become one output, as clients show them."""
    if output.output_type == "execute_result":
        output.execution_count = number
    last = outputs[-1] if outputs else None
    if output.output_type == "stream" and last is not None and last.get("name") == output.name:
        last.text += output.text
    else:
        outputs.append(output)


def main(source, target, seconds):
    notebook = nbformat.read(source, as_version=4)
    kernel = Kernel(source.parent, seconds)
    failed = None
    try:
        for number, cell in enumerate((each for each in notebook.cells if each.cell_type == "code"), start=1):
            cell.execution_count = number
            cell.outputs = kernel.execute(cell.source, number)
            failed = next((each for each in cell.outputs if each.output_type == "error"), None)
            if failed is not None:
                break
    finally:
        kernel.stop()
        nbformat.write(notebook, target)
    if failed is not None:
        sys.exit(f"{source.name}, cell {number}: {failed.ename}: {failed.evalue}\n" + "\n".join(failed.traceback))


main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
