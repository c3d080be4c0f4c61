/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
	.section .rodata
	.global iou_vm_fetch_script, iou_vm_fetch_script_end
iou_vm_fetch_script:
	.incbin "apt.sh"
	.incbin "fetch-kernel"
iou_vm_fetch_script_end:
	.section .note.GNU-stack,"",%progbits
